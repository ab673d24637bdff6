"""A hook of a release on Docker: a task of the service as a job, with what a replica is given."""

from __future__ import annotations

import pulumi

from components.docker.job import Job, JobArgs
from components.docker.volumes import volume_mounts
from components.microservice.args import MicroserviceArgs
from components.microservice.replica import job_environment
from components.microservice.task import Task


def hook_job(name: str, task: Task, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Job:
    """Make the job that runs a task in the region of these replicas; it has no Consul agent."""
    region, workload = args["region"], args["workload"]
    job: JobArgs = {
        "image": args["image"],
        "command": task.args,
        "environment": {**args["environment"], **args["secrets"], **job_environment(args)},
        "given_files": args.get("given_files", {}),
        "networks": [region["network"], region["backbone_network"]],
        "memory_mib": workload.limits("docker").memory_mib,
        # Those that a replica has on a disk, too: nothing of a job stays.
        "memory_folders": {path: folder.size_mib for path, folder in workload.writable.items()},
        "volumes": volume_mounts(args.get("region_volumes", {})),
        "stop_seconds": workload.termination_grace_period_seconds,
        "labels": {**args["labels"], "gostack.region": region["region"], "gostack.service": args["service"]},
    }
    if workload.command is not None:
        job["entrypoint"] = workload.command
    if workload.user is not None:
        job["user"] = workload.user
    return Job(name, job, opts)
