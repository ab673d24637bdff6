"""A job: a pod that runs once, to its end, and must end well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from components.args import StackArgs
from components.files import GivenFile
from components.kubernetes.files import file_mounts, file_volumes
from components.kubernetes.names import JOB, workload_labels
from components.kubernetes.network import EgressRule, network_policy, networks, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, memory_volume
from components.kubernetes.pod_template import pod_template
from components.kubernetes.resources import JOB as JOB_RESOURCES
from components.kubernetes.resources import Resources
from components.kubernetes.scope import Scope, timeout_annotation
from components.kubernetes.storage import mounted_claims
from components.kubernetes.workload import immutable_secret, object_name, service_account
from components.options import given_dependencies

RETRIES = 2
DEADLINE_SECONDS = 300
"""Time in seconds that a job has when nobody says, its repetitions included."""

_REPLACED_WHEN_FAILED = {"pulumi.com/replaceUnready": "true"}
"""Annotation by which the next update replaces a job that has failed, where it would wait for it in vain:
https://www.pulumi.com/registry/packages/kubernetes/api-docs/batch/v1/job."""


class JobEgressArgs(TypedDict):
    """What a job may reach."""

    roles: Sequence[str]
    """Roles of pods of the stack."""

    networks: Sequence[pulumi.Input[str]]
    """Networks outside of the cluster, in CIDR notation."""

    port: int
    """TCP port there."""


class JobArgs(StackArgs):
    """Inputs of a job."""

    service: str
    """Name of the service that it works for."""

    image: pulumi.Input[str]
    """Image that it runs; a new one runs the job again."""

    user: int
    """Number of the user inside the container."""

    group: NotRequired[int]
    """Number of its group, to which volumes belong; that of the user when it is not given."""

    entrypoint: NotRequired[Sequence[str]]
    """Program; the image's own when it is not given."""

    command: Sequence[str]
    """Arguments."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret; a changed one runs the job again."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; a changed one runs the job again."""

    given_files: NotRequired[Mapping[str, GivenFile]]
    """Path to a file that the program finds there; a changed one runs the job again."""

    region: str
    """Region that it works for, as its labels name it."""

    namespace: pulumi.Input[str]
    """Namespace in which it runs."""

    deadline_seconds: NotRequired[int]
    """Time in seconds after which it is ended and has failed, its repetitions included; DEADLINE_SECONDS by default."""

    retries: NotRequired[int]
    """How often an update repeats it when it fails; RETRIES by default. With 0 it is the next update that does."""

    resources: NotRequired[Resources]
    """What it asks for and gets at most; that of jobs when it is not given."""

    memory_folders: NotRequired[Mapping[str, int]]
    """Path to size in MiB of folders in memory, beside /tmp, that it may write to."""

    claims: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Path to name of a claim that it may write to."""

    egress: NotRequired[Sequence[JobEgressArgs]]
    """What it may reach; nothing when it is not given."""


class Job(pulumi.ComponentResource):
    """Runs once for each change of its inputs, under a new name; a failed one fails the update with the pod's words."""

    completed: pulumi.Output[str]
    """Name of the finished run; whoever depends on it waits for the job."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Job", name, {}, opts)
        labels = workload_labels(args["labels"], region=args["region"], service=args["service"], role=JOB, member=name)
        scope = Scope(args["namespace"], labels, self)
        ground = job_ground(scope, name, args)
        deadline = args.get("deadline_seconds", DEADLINE_SECONDS)
        run = k8s.batch.v1.Job(
            f"{name}-run",
            metadata=scope.metadata(
                None,
                timeout_annotation(deadline + 30) | ({} if args.get("retries", RETRIES) else _REPLACED_WHEN_FAILED),
            ),
            spec=job_spec(args, ground),
            opts=scope.options(ground.policy, *given_dependencies(opts)),
        )
        self.completed = object_name(run)
        self.register_outputs({"completed": self.completed})


@dataclass(frozen=True)
class JobGround:
    """What a job stands on: made once for all jobs that differ by their arguments alone."""

    scope: Scope
    secret: pulumi.Output[str]
    account: k8s.core.v1.ServiceAccount
    policy: k8s.networking.v1.NetworkPolicy

    files: list[k8s.core.v1.VolumeArgs]
    """The volume with what the program finds; none without any."""


def job_ground(scope: Scope, name: str, args: JobArgs) -> JobGround:
    """Make the Secret, the account, the network policy and the files of jobs."""
    return JobGround(
        scope,
        immutable_secret(scope, f"{name}-secret", args["secrets"]),
        service_account(scope, f"{name}-account"),
        network_policy(
            scope,
            f"{name}-paths",
            outgoing=[
                EgressRule(
                    to=[*pods_of_stack(scope.stack, *item["roles"]), *networks(*item["networks"])],
                    ports=tcp(item["port"]),
                )
                for item in args.get("egress", ())
            ],
        ),
        file_volumes(scope, name, args.get("given_files", {})),
    )


def job_spec(args: JobArgs, ground: JobGround) -> k8s.batch.v1.JobSpecArgs:
    """Return the specification of a job."""
    claims = mounted_claims(args.get("claims", {}))
    return k8s.batch.v1.JobSpecArgs(
        backoff_limit=args.get("retries", RETRIES),
        active_deadline_seconds=args.get("deadline_seconds", DEADLINE_SECONDS),
        template=pod_template(
            ground.scope.labels,
            ground.account,
            args.get("group", args["user"]),
            containers=[_container(args, ground.secret)],
            volumes=[memory_volume("files", 16), *_folders(args).values(), *claims.volumes, *ground.files],
            restart_policy="Never",
        ),
    )


def _container(args: JobArgs, secret: pulumi.Input[str]) -> ContainerSpec:
    entrypoint = args.get("entrypoint")
    return ContainerSpec(
        name="job",
        image=args["image"],
        user=args["user"],
        group=args.get("group", args["user"]),
        resources=args.get("resources", JOB_RESOURCES),
        command=[*entrypoint, *args["command"]] if entrypoint is not None else None,
        arguments=args["command"] if entrypoint is None else None,
        environment=args["environment"],
        secret=secret,
        secret_variables=list(args["secrets"]),
        mounts={
            "/tmp": "files",
            **{path: str(volume.name) for path, volume in _folders(args).items()},
            **mounted_claims(args.get("claims", {})).mounts,
        },
        read_only_mounts=file_mounts(args.get("given_files", {})),
    )


def _folders(args: JobArgs) -> dict[str, k8s.core.v1.VolumeArgs]:
    found = sorted(args.get("memory_folders", {}).items())
    return {path: memory_volume(f"folder-{index}", size) for index, (path, size) in enumerate(found)}
