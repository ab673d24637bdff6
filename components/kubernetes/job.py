"""A job: a pod that runs once, to its end, and must end well."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from components.args import RegionReference
from components.kubernetes.names import JOB, STACK_LABEL, workload_labels
from components.kubernetes.names import MYSQL as MYSQL_ROLE
from components.kubernetes.network import EgressRule, allow, networks, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, container, memory_volume
from components.kubernetes.pod_template import pod_template
from components.kubernetes.workload import object_name, patience, sealed, service_account
from components.options import given_dependencies
from components.rendering.mysql import PORT as MYSQL_PORT
from components.rendering.pod_resources import JOB as JOB_RESOURCES

RETRIES = 2
DEADLINE_SECONDS = 300
"""Time in seconds that a job has when nobody says, its repetitions included."""


class JobArgs(TypedDict):
    """Inputs of a job."""

    service: str
    """Name of the service that it works for."""

    image: pulumi.Input[str]
    """Image that it runs; a new one runs the job again."""

    user: int
    """Number of the user, and of its group, inside the container."""

    entrypoint: NotRequired[Sequence[str]]
    """Program; the image's own when it is not given."""

    command: Sequence[str]
    """Arguments."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret; a changed one runs the job again."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; a changed one runs the job again."""

    region: RegionReference
    """Region in whose namespace it runs."""

    deadline_seconds: NotRequired[int]
    """Time in seconds after which it is ended and has failed, its repetitions included; DEADLINE_SECONDS by default."""

    database_networks: NotRequired[Sequence[pulumi.Input[str]]]
    """Networks in CIDR notation with a database that is no pod of the stack."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class Job(pulumi.ComponentResource):
    """Runs once for each change of its inputs, under a new name; a failed one fails the update with the pod's words."""

    completed: pulumi.Output[str]
    """Name of the finished run; whoever depends on it waits for the job."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Job", name, {}, opts)
        region = args["region"]
        labels = workload_labels(
            args["labels"], region=region["region"], service=args["service"], role=JOB, member=name
        )
        secret = sealed(f"{name}-secret", region, labels, args["secrets"], self)
        account = service_account(f"{name}-account", region, labels, self)
        database = [
            *pods_of_stack(args["labels"].get(STACK_LABEL, "gostack"), MYSQL_ROLE),
            *networks(*args.get("database_networks", ())),
        ]
        paths = allow(
            f"{name}-paths",
            region,
            labels,
            parent=self,
            outgoing=[EgressRule(to=database, ports=tcp(MYSQL_PORT))],
        )
        deadline = args.get("deadline_seconds", DEADLINE_SECONDS)
        run = k8s.batch.v1.Job(
            f"{name}-run",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                namespace=region["network"], labels=labels, annotations=patience(deadline + 30)
            ),
            spec=k8s.batch.v1.JobSpecArgs(
                backoff_limit=RETRIES,
                active_deadline_seconds=deadline,
                template=pod_template(
                    labels,
                    account,
                    args["user"],
                    containers=[_container(args, secret)],
                    volumes=[memory_volume("files", 16)],
                    restart_policy="Never",
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[paths, *given_dependencies(opts)]),
        )
        self.completed = object_name(run)
        self.register_outputs({"completed": self.completed})


def _container(args: JobArgs, secret: pulumi.Input[str]) -> k8s.core.v1.ContainerArgs:
    entrypoint = args.get("entrypoint")
    return container(
        ContainerSpec(
            name="job",
            image=args["image"],
            user=args["user"],
            group=args["user"],
            resources=JOB_RESOURCES,
            command=[*entrypoint, *args["command"]] if entrypoint is not None else None,
            arguments=args["command"] if entrypoint is None else None,
            environment=args["environment"],
            secret=secret,
            secret_variables=list(args["secrets"]),
            mounts={"/tmp": "files"},
        )
    )
