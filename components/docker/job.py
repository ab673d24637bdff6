"""A job: a container that runs once, to its end, and must end well."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.args import RegionReference
from components.docker.container import ContainerSpec, hardened_container
from components.options import given_dependencies

LOG_LINES = 5


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

    secrets: NotRequired[Sequence[pulumi.Input[str]]]
    """Parts of the environment that must not be repeated when the job's last words are told."""

    user: NotRequired[str]
    """User inside the container; the image's own when it is not given."""

    region: NotRequired[RegionReference]
    """Region whose network it joins; none when it needs no network."""

    volumes: NotRequired[Sequence[docker.ContainerVolumeArgs]]
    """Volumes that it sees."""

    labels: Mapping[str, str]
    """Labels of the container."""


class Job(pulumi.ComponentResource):
    """Runs once for each change of its inputs; a failed one fails the update, with its last words."""

    completed: pulumi.Output[str]
    """Identity of the finished run; whoever depends on it waits for the job."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Job", name, {}, opts)
        region = args.get("region")
        container = hardened_container(
            f"{name}-run",
            ContainerSpec(
                image=args["image"],
                role="job",
                labels=args["labels"],
                memory_mib=256,
                user=args.get("user"),
                entrypoint=args.get("entrypoint"),
                command=args["command"],
                environment=args["environment"],
                volumes=args.get("volumes", ()),
                one_shot=True,
            ),
            parent=self,
            create_first=True,
            depends_on=given_dependencies(opts),
            network_mode="bridge" if region is not None else "none",
            networks=[
                docker.ContainerNetworksAdvancedArgs(name=region["network"]),
                docker.ContainerNetworksAdvancedArgs(name=region["backbone_network"]),
            ]
            if region is not None
            else (),
        )
        self.completed = pulumi.Output.unsecret(
            pulumi.Output.all(
                identity=container.id,
                exit_code=container.exit_code,
                logs=container.container_logs,
                secrets=pulumi.Output.all(*args["environment"].values(), *args.get("secrets", [])),
            ).apply(lambda run: _completed(name, run))
        )
        self.register_outputs({"completed": self.completed})


def _completed(name: str, run: Mapping[str, Any]) -> str:
    if run["exit_code"] in (0, None):
        return run["identity"]
    logs: str = run["logs"] or "(it said nothing)"
    for value in run["secrets"]:
        if value and len(value) >= 8:
            logs = logs.replace(value, "[secret]")
    last_words = " | ".join(line.strip() for line in logs.strip().splitlines()[-LOG_LINES:])
    raise pulumi.RunError(
        f"{name} failed with exit code {run['exit_code']}: {last_words} — correct the cause and run `make up` again "
        f"(with plain pulumi: remove the container {run['identity'][:12]} and run `pulumi up --refresh`)."
    )
