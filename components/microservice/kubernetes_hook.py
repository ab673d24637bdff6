"""A hook of a release on Kubernetes: a task of the service as a Job, with what a replica is given."""

from __future__ import annotations

import pulumi

from components.demands import hook_resources
from components.kubernetes.job import Job, JobArgs, JobEgressArgs
from components.kubernetes.names import MYSQL
from components.microservice.args import MicroserviceArgs
from components.microservice.replica import job_environment
from components.microservice.task import Task
from components.mysql.configuration import PORT as MYSQL_PORT

DEADLINE_SECONDS = 1800
"""Time in seconds after which a hook is ended and has failed."""


def hook_job(name: str, task: Task, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Job:
    """Make the Job that runs a task in the region of these replicas; it has no Consul agent, and is not repeated."""
    return Job(name, task_job(task, args, DEADLINE_SECONDS), opts)


def task_job(task: Task, args: MicroserviceArgs, deadline_seconds: int) -> JobArgs:
    """Return the arguments of a Job that runs a task with what these replicas are given."""
    region, workload = args["region"], args["workload"]
    egress: list[JobEgressArgs] = [
        {"roles": [], "networks": [allowed.network], "port": allowed.port} for allowed in workload.egress
    ]
    if "database_networks" in args:
        egress.append({"roles": [MYSQL], "networks": args["database_networks"], "port": MYSQL_PORT})
    job: JobArgs = {
        "service": args["service"],
        "image": args["image"],
        "user": workload.user_and_group()[0],
        "group": workload.user_and_group()[1],
        "command": task.args,
        "environment": {**args["environment"], **job_environment(args)},
        "secrets": args["secrets"],
        "given_files": args.get("given_files", {}),
        "region": region["region"],
        "namespace": region["network"],
        "deadline_seconds": deadline_seconds,
        # Who wrote it may not have thought of a second run.
        "retries": 0,
        "resources": hook_resources(workload),
        # Those that a replica has on a disk, too: nothing of a job stays.
        "memory_folders": {path: folder.size_mib for path, folder in workload.writable.items()},
        "claims": args.get("region_volumes", {}),
        "egress": egress,
        "labels": args["labels"],
    }
    if workload.command is not None:
        job["entrypoint"] = workload.command
    return job
