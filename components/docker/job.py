"""A job: a container that runs once, to its end, and must end well."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, hardened_container
from components.docker.files import file_mounts
from components.files import GivenFile
from components.options import given_dependencies

LOG_LINES = 5
SHORTEST_SECRET = 8


class JobArgs(TypedDict):
    """Inputs of a job."""

    image: pulumi.Input[str]
    """Image that it runs; a new one runs the job again."""

    entrypoint: NotRequired[Sequence[str]]
    """Program; the image's own when it is not given."""

    command: Sequence[str]
    """Arguments."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables; a changed one runs the job again."""

    given_files: NotRequired[Mapping[str, GivenFile]]
    """Path to a file that the program finds there; a changed one runs the job again."""

    secrets: NotRequired[Sequence[pulumi.Input[str]]]
    """Parts of the environment that are masked in the tail of its log, as files are."""

    shown: NotRequired[Sequence[str]]
    """Names of variables whose values are not masked there, as all others are: its words may be about them."""

    user: NotRequired[str]
    """User inside the container; the image's own when it is not given."""

    networks: NotRequired[Sequence[pulumi.Input[str]]]
    """Networks that it joins; none when it needs none."""

    memory_mib: NotRequired[int]
    """Memory limit in MiB; 256 when it is not given."""

    memory_folders: NotRequired[Mapping[str, int]]
    """Path to size in MiB of folders in memory, beside /tmp, that it may write to."""

    volumes: NotRequired[Sequence[docker.ContainerVolumeArgs]]
    """Volumes that it sees."""

    process_namespace: NotRequired[pulumi.Input[str]]
    """Container whose processes it joins: when that one ends, the job is killed."""

    stop_seconds: NotRequired[int]
    """Time in seconds between its stop signal and its end by force, when an update that was cut off left it running; 10
    when it is not given."""

    labels: Mapping[str, str]
    """Labels of the container."""


class Job(pulumi.ComponentResource):
    """Runs once for each change of its inputs; a failed one fails the update, with the tail of its log."""

    completed: pulumi.Output[str]
    """Identity of the finished run; whoever depends on it waits for the job."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Job", name, {}, opts)
        networks, shown = args.get("networks", ()), args.get("shown", ())
        files = args.get("given_files", {})
        found = file_mounts(name, files, image=args["image"], labels=args["labels"], parent=self)
        container = hardened_container(
            f"{name}-run",
            ContainerSpec(
                image=args["image"],
                role="job",
                labels=args["labels"],
                memory_mib=args.get("memory_mib", 256),
                memory_folders=args.get("memory_folders", {}),
                user=args.get("user"),
                entrypoint=args.get("entrypoint"),
                command=args["command"],
                environment=args["environment"],
                volumes=[*args.get("volumes", ()), *found],
                one_shot=True,
                process_namespace=args.get("process_namespace"),
                stop_seconds=args.get("stop_seconds", 10),
            ),
            parent=self,
            create_first=True,
            depends_on=given_dependencies(opts),
            network_mode="bridge" if networks else "none",
            networks=[docker.ContainerNetworksAdvancedArgs(name=network) for network in networks],
        )
        self.completed = pulumi.Output.unsecret(
            pulumi.Output.all(
                identity=container.id,
                exit_code=container.exit_code,
                logs=container.container_logs,
                secrets=pulumi.Output.all(
                    *(value for key, value in args["environment"].items() if key not in shown),
                    *args.get("secrets", []),
                    *(file["content"] for file in files.values()),
                ),
            ).apply(lambda run: _completed(name, run))
        )
        self.register_outputs({"completed": self.completed})


def _completed(name: str, run: Mapping[str, Any]) -> str:
    exit_code = run["exit_code"]
    # As the engine's provider hands numbers over: 1 and 1.0 are the same, a missing one is no end.
    if exit_code is None:
        raise pulumi.RunError(f"{name} was interrupted before its end was known: run `make up` again.")
    if exit_code == 0:
        return run["identity"]
    raise pulumi.RunError(
        f"{name} failed with exit code {int(exit_code)}: {_log_tail(run['logs'], run['secrets'])} — correct the "
        "cause and run `make up` again (with plain pulumi: remove the container "
        f"{run['identity'][:12]} and run `pulumi up --refresh`)."
    )


def _log_tail(logs: str | None, secrets: Sequence[str | None]) -> str:
    text = logs or "(it said nothing)"
    # The longest first: one may be a part of another, of which the rest would stay.
    for value in sorted({value for value in secrets if value}, key=len, reverse=True):
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "[secret]")
    return " | ".join(line.strip() for line in text.strip().splitlines()[-LOG_LINES:])
