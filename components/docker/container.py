"""One hardened container: what every container of the stack has in common."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_docker as docker

from components.docker.health import PROBE_TIMEOUT_SECONDS, health_probe
from components.files import GivenFile, file_mode

LOG_FILE_SIZE = "10m"
LOG_FILES = "3"


@dataclass(frozen=True)
class HealthCheck:
    """A Docker health check, and how long a new container may take to pass it."""

    test: Sequence[str]
    """What succeeds while the container is well, as Docker writes it: a shell command, ["CMD-SHELL", …], which is asked
    as `health_probe` says; or a program, ["CMD", …], every 5 s."""

    wait_seconds: int
    """Time in seconds after which the creation of an unhealthy container fails."""

    start_period_seconds: int = 0
    """Time in seconds in which it need not be well yet."""


@dataclass(frozen=True)
class ContainerSpec:
    """What a container is made of, apart from where it is put."""

    image: pulumi.Input[str]
    """Image, by identity."""

    role: str
    """What it does in its pod, for people and tools that list containers."""

    labels: Mapping[str, str]
    """Labels beside the role."""

    memory_mib: int
    """Memory limit in MiB; there is no swap."""

    cpus: float | None = None
    """CPU limit in cores; None for no limit."""

    cpu_shares: int | None = None
    """Weight while containers want more of the processors than there is; None for the engine's 1024."""

    user: str | None = None
    """User, by number or name; None for the image's own, which must not be root."""

    entrypoint: Sequence[str] | None = None
    """Program; None for the image's own."""

    command: Sequence[pulumi.Input[str]] | None = None
    """Arguments; None for the image's own."""

    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Environment variables; values that are secret Outputs stay secret."""

    volumes: Sequence[docker.ContainerVolumeArgs] = ()
    """Volumes; everything else but /tmp is read-only."""

    health: HealthCheck | None = None
    """With it, the container counts as created only when it is healthy."""

    scratch_mib: int | None = None
    """Size in MiB of /tmp, which counts as memory; None for as much as the limit leaves."""

    scratch_volume: pulumi.Input[str] | None = None
    """Volume that is /tmp, on a disk; None for memory."""

    memory_folders: Mapping[str, int] = field(default_factory=dict[str, int])
    """Path to size in MiB of folders beside /tmp that are writable and count as memory."""

    capabilities: Sequence[str] = ()
    """Linux capabilities that it keeps."""

    stop_signal: str = "SIGTERM"
    """Signal that asks it to end."""

    stop_seconds: int = 10
    """Time in seconds between that signal and its end by force."""

    one_shot: bool = False
    """True for a container that runs to its end and is not started again."""

    process_namespace: pulumi.Input[str] | None = None
    """Container whose processes it joins, and with which it ends; None for processes of its own."""

    uploads: Mapping[str, GivenFile] = field(default_factory=dict[str, GivenFile])
    """Path in one of its volumes to a file that is put there. With any it is made and never started: the engine puts
    files into no container whose root is read-only, and what never runs cannot change its root."""


def hardened_container(
    name: str,
    spec: ContainerSpec,
    *,
    parent: pulumi.Resource,
    create_first: bool,
    network_mode: pulumi.Input[str] = "bridge",
    networks: Sequence[docker.ContainerNetworksAdvancedArgs] = (),
    ports: Sequence[docker.ContainerPortArgs] = (),
    depends_on: Sequence[pulumi.Input[pulumi.Resource]] = (),
) -> docker.Container:
    """Return a container with a read-only root, no capability, no new privileges, limits and rotated logs.

    `create_first` says whether a replacement is created, and healthy, before the old container goes; it must be False
    where two of them would fight for a fixed address, a host port or a volume.
    """
    return docker.Container(
        name,
        **_arguments(spec),
        network_mode=network_mode,
        networks_advanced=list(networks) or None,
        ports=list(ports) or None,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(depends_on) or None,
            delete_before_replace=not create_first,
            # The engine cannot change the health check of a container that exists.
            replace_on_changes=["healthcheck"],
            # What a job prints is its program's business: it may hold what nobody should read in the state.
            additional_secret_outputs=["container_logs"] if spec.one_shot else None,
        ),
    )


def content_digest(*specs: ContainerSpec) -> pulumi.Output[str]:
    """Return a digest of everything that these containers are made of, secret when any of it is."""
    return pulumi.Output.all(*(_arguments(spec) for spec in specs)).apply(
        lambda contents: hashlib.sha256(json.dumps(contents, sort_keys=True, default=vars).encode()).hexdigest()[:16]
    )


def container_labels(labels: Mapping[str, str]) -> list[docker.ContainerLabelArgs]:
    """Return labels in the form that a container takes, in a fixed order."""
    return [docker.ContainerLabelArgs(label=key, value=value) for key, value in sorted(labels.items())]


def go_duration(seconds: int) -> str:
    """Return a number of seconds as Go prints a duration: 0s, 59s, 1m0s, 1h0m0s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _arguments(spec: ContainerSpec) -> dict[str, Any]:
    health = spec.health
    return {
        "image": spec.image,
        "user": spec.user,
        "entrypoints": list(spec.entrypoint) if spec.entrypoint is not None else None,
        "command": list(spec.command) if spec.command is not None else None,
        "envs": [pulumi.Output.concat(key, "=", value) for key, value in sorted(spec.environment.items())],
        # Said aloud because the engine's default differs from an unset value and would show as a change.
        "ipc_mode": "private",
        "volumes": _volumes(spec) or None,
        "tmpfs": _memory_folders(spec),
        "read_only": True,
        "capabilities": docker.ContainerCapabilitiesArgs(
            adds=[f"CAP_{name}" for name in sorted(spec.capabilities)] or None, drops=["ALL"]
        ),
        "security_opts": ["no-new-privileges:true"],
        "memory": spec.memory_mib,
        # No swap: a container over its limit is stopped instead of slowing the machine down.
        "memory_swap": spec.memory_mib,
        # With a decimal point, as the engine's provider reads it back.
        "cpus": str(float(spec.cpus)) if spec.cpus is not None else None,
        "log_driver": "json-file",
        "log_opts": {"max-size": LOG_FILE_SIZE, "max-file": LOG_FILES},
        "labels": container_labels({**spec.labels, "gostack.role": spec.role}),
        "healthcheck": _health_check(health) if health is not None else None,
        "wait": health is not None,
        "wait_timeout": health.wait_seconds if health is not None else None,
        "stop_signal": spec.stop_signal,
        "stop_timeout": spec.stop_seconds,
        "destroy_grace_seconds": spec.stop_seconds,
        "restart": "no" if spec.one_shot else "unless-stopped",
        "must_run": not spec.one_shot,
        "attach": spec.one_shot,
        "logs": spec.one_shot,
        # Nothing where there is none: every input is in the digest by which pods are replaced.
        **(
            {"pid_mode": pulumi.Output.concat("container:", spec.process_namespace)}
            if spec.process_namespace is not None
            else {}
        ),
        **({"cpu_shares": spec.cpu_shares} if spec.cpu_shares is not None else {}),
        **(_never_started(spec.uploads) if spec.uploads else {}),
    }


def _never_started(uploads: Mapping[str, GivenFile]) -> dict[str, Any]:
    return {
        "uploads": [
            docker.ContainerUploadArgs(file=path, content=file["content"], permissions=f"0{file_mode(file):o}")
            for path, file in sorted(uploads.items())
        ],
        "start": False,
        "must_run": False,
        "restart": "no",
        "read_only": False,
    }


def _volumes(spec: ContainerSpec) -> list[docker.ContainerVolumeArgs]:
    scratch = spec.scratch_volume
    own = [docker.ContainerVolumeArgs(volume_name=scratch, container_path="/tmp")] if scratch is not None else []
    return [*own, *spec.volumes]


def _memory_folders(spec: ContainerSpec) -> dict[str, str]:
    scratch = "mode=1777" + (f",size={spec.scratch_mib}m" if spec.scratch_mib is not None else "")
    return {
        **({} if spec.scratch_volume is not None else {"/tmp": scratch}),
        **{path: f"mode=1777,size={size}m" for path, size in spec.memory_folders.items()},
    }


def _health_check(health: HealthCheck) -> docker.ContainerHealthcheckArgs:
    # Durations as Go prints them, and every field set: anything else shows as a change in each preview.
    return docker.ContainerHealthcheckArgs(
        tests=list(health.test) if health.test[0] == "CMD" else ["CMD-SHELL", health_probe(health.test[-1])],
        interval=go_duration(5 if health.test[0] == "CMD" else 1),
        timeout=go_duration(PROBE_TIMEOUT_SECONDS),
        start_period=go_duration(health.start_period_seconds),
        start_interval="0s",
        retries=3,
    )
