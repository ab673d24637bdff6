"""What every pod has in common: no root, no capability, no writable root file system, no rights on the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.resources import Resources
from components.text import verbatim


@dataclass(frozen=True)
class Probes:
    """How the kubelet looks after a container."""

    readiness: k8s.core.v1.ProbeArgs | None = None
    """Passes while the container does its work; an update waits for it."""

    startup: k8s.core.v1.ProbeArgs | None = None
    """Passes once the container has started; until then nothing else is asked, and what comes after it waits."""

    liveness: k8s.core.v1.ProbeArgs | None = None
    """Fails when only a restart helps."""


@dataclass(frozen=True)
class ContainerSpec:
    """What a container is made of."""

    name: str
    """Name inside the pod."""

    image: pulumi.Input[str]
    """Image, by digest where the registry gives one."""

    user: int
    """Number of the user, which is never 0."""

    group: int
    """Number of its group."""

    resources: Resources
    """Requests and limits."""

    command: Sequence[str] | None = None
    """Program and arguments; None for the image's own."""

    arguments: Sequence[pulumi.Input[str]] | None = None
    """Arguments of the image's own program."""

    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Environment variables, none of them a secret."""

    secret: pulumi.Input[str] | None = None
    """Name of the Secret that holds `secret_variables`."""

    secret_variables: Sequence[str] = ()
    """Environment variables whose values are keys of `secret`."""

    from_fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that hold a field of the pod, for example `metadata.name`."""

    composed: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Environment variables in which `$(NAME)` stands for one of the others."""

    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    """Name to TCP port, for people and tools that read the pod."""

    capabilities: Sequence[str] = ()
    """Linux capabilities that it keeps."""

    mounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path to name of a volume of the pod."""

    read_only_mounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path to name of a volume that the container only reads; `name/key` mounts one file of it."""

    probes: Probes = Probes()
    """How it is looked after."""

    pre_stop: k8s.core.v1.LifecycleHandlerArgs | None = None
    """What happens before its stop signal."""

    sidecar: bool = False
    """True for one that starts before the others and ends after them (Kubernetes 1.29 and newer)."""


def container(spec: ContainerSpec) -> k8s.core.v1.ContainerArgs:
    """Return a container that passes the Pod Security Standard `restricted`, with a read-only root."""
    mounts = [(path, volume, False) for path, volume in spec.mounts.items()]
    mounts += [(path, volume, True) for path, volume in spec.read_only_mounts.items()]
    return k8s.core.v1.ContainerArgs(
        name=spec.name,
        image=spec.image,
        image_pull_policy="IfNotPresent",
        command=[verbatim(word) for word in spec.command] if spec.command is not None else None,
        args=[_verbatim_input(word) for word in spec.arguments] if spec.arguments is not None else None,
        env=_environment(spec),
        ports=[
            k8s.core.v1.ContainerPortArgs(name=name, container_port=port, protocol="TCP")
            for name, port in spec.ports.items()
        ]
        or None,
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={
                "cpu": cores(spec.resources.cpu_request),
                "memory": f"{spec.resources.memory_request_mib}Mi",
                "ephemeral-storage": "32Mi",
            },
            limits={
                "cpu": cores(spec.resources.cpu_limit),
                "memory": f"{spec.resources.memory_limit_mib}Mi",
                "ephemeral-storage": f"{spec.resources.disk_limit_mib}Mi",
            },
        ),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(
                mount_path=path,
                name=volume.partition("/")[0],
                sub_path=volume.partition("/")[2] or None,
                read_only=True if read_only else None,
            )
            for path, volume, read_only in sorted(mounts)
        ]
        or None,
        readiness_probe=spec.probes.readiness,
        startup_probe=spec.probes.startup,
        liveness_probe=spec.probes.liveness,
        lifecycle=k8s.core.v1.LifecycleArgs(pre_stop=spec.pre_stop) if spec.pre_stop is not None else None,
        restart_policy="Always" if spec.sidecar else None,
        security_context=k8s.core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            capabilities=k8s.core.v1.CapabilitiesArgs(add=list(spec.capabilities) or None, drop=["ALL"]),
            privileged=False,
            read_only_root_filesystem=True,
            run_as_non_root=True,
            run_as_user=spec.user,
            run_as_group=spec.group,
        ),
    )


def pod_security(group: int, *, privileged_ports: bool = False) -> k8s.core.v1.PodSecurityContextArgs:
    """Return what all containers of a pod share; volumes belong to `group`. `privileged_ports` lets every user listen
    on ports below 1024."""
    return k8s.core.v1.PodSecurityContextArgs(
        fs_group=group,
        # Only when the volume's root has another owner: a large disk need not be walked at every start.
        fs_group_change_policy="OnRootMismatch",
        run_as_non_root=True,
        seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        # A safe one, which the Pod Security Standards allow; containerd sets it by itself since version 2.
        sysctls=(
            [k8s.core.v1.SysctlArgs(name="net.ipv4.ip_unprivileged_port_start", value="0")]
            if privileged_ports
            else None
        ),
    )


def memory_volume(name: str, size_mib: int) -> k8s.core.v1.VolumeArgs:
    """Return a volume in memory, which counts into the limits of the containers that write to it."""
    return k8s.core.v1.VolumeArgs(
        name=name, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit=f"{size_mib}Mi")
    )


def scratch_volume(name: str, size_mib: int) -> k8s.core.v1.VolumeArgs:
    """Return a volume on the node's disk that goes with the pod."""
    return k8s.core.v1.VolumeArgs(name=name, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit=f"{size_mib}Mi"))


def shell_probe(command: str, *, period: int, failures: int, timeout: int = 5) -> k8s.core.v1.ProbeArgs:
    """Return a probe that runs a shell command; `period` and `timeout` are in seconds."""
    return exec_probe(["/bin/sh", "-c", command], period=period, failures=failures, timeout=timeout)


def exec_probe(command: Sequence[str], *, period: int, failures: int, timeout: int = 5) -> k8s.core.v1.ProbeArgs:
    """Return a probe that runs a program of the image; `period` and `timeout` are in seconds."""
    asked = k8s.core.v1.ExecActionArgs(command=[verbatim(word) for word in command])
    return _probe(period, failures, timeout, exec_=asked)


def http_probe(port: int, path: str, *, period: int, failures: int, host: str | None = None) -> k8s.core.v1.ProbeArgs:
    """Return a probe that asks for a path, by the name `host` where it must have one; `period` is in seconds."""
    headers = [k8s.core.v1.HTTPHeaderArgs(name="Host", value=host)] if host is not None else None
    asked = k8s.core.v1.HTTPGetActionArgs(port=port, path=path, http_headers=headers)
    return _probe(period, failures, http_get=asked)


def tcp_probe(port: int, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    """Return a probe that opens a connection; `period` is in seconds."""
    return _probe(period, failures, tcp_socket=k8s.core.v1.TCPSocketActionArgs(port=port))


def grpc_probe(port: int, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    """Return a probe by gRPC health checking of the whole server; `period` is in seconds."""
    # Said aloud that it is the whole one, because Kubernetes would write it in.
    return _probe(period, failures, grpc=k8s.core.v1.GRPCActionArgs(port=port, service=""))


def _probe(period: int, failures: int, timeout: int = 2, **asked: Any) -> k8s.core.v1.ProbeArgs:
    return k8s.core.v1.ProbeArgs(period_seconds=period, failure_threshold=failures, timeout_seconds=timeout, **asked)


def sleep_before_stop(seconds: int) -> k8s.core.v1.LifecycleHandlerArgs:
    """Return what keeps a container serving for a while after its pod was told to go (Kubernetes 1.30 and newer)."""
    return k8s.core.v1.LifecycleHandlerArgs(sleep=k8s.core.v1.SleepActionArgs(seconds=seconds))


def run_before_stop(command: str) -> k8s.core.v1.LifecycleHandlerArgs:
    """Return a shell command that runs before the stop signal."""
    # As it is: unlike in commands and probes, Kubernetes replaces nothing here.
    return k8s.core.v1.LifecycleHandlerArgs(exec_=k8s.core.v1.ExecActionArgs(command=["/bin/sh", "-c", command]))


def cores(number: float) -> str:
    """Return a number of cores as Kubernetes writes it: 0.25 is 250m."""
    return str(int(number)) if float(number).is_integer() else f"{round(number * 1000)}m"


def _environment(spec: ContainerSpec) -> list[k8s.core.v1.EnvVarArgs]:
    variables = [
        k8s.core.v1.EnvVarArgs(name=name, value=_verbatim_input(value))
        for name, value in sorted(spec.environment.items())
    ]
    variables += [
        k8s.core.v1.EnvVarArgs(
            name=name,
            value_from=k8s.core.v1.EnvVarSourceArgs(
                field_ref=k8s.core.v1.ObjectFieldSelectorArgs(field_path=path, api_version="v1")
            ),
        )
        for name, path in sorted(spec.from_fields.items())
    ]
    if spec.secret is not None:
        variables += [
            k8s.core.v1.EnvVarArgs(
                name=name,
                value_from=k8s.core.v1.EnvVarSourceArgs(
                    secret_key_ref=k8s.core.v1.SecretKeySelectorArgs(name=spec.secret, key=name)
                ),
            )
            for name in sorted(spec.secret_variables)
        ]
    # Last: Kubernetes replaces only what stands before it.
    return [
        *variables,
        *(k8s.core.v1.EnvVarArgs(name=name, value=spec.composed[name]) for name in sorted(spec.composed)),
    ]


def _verbatim_input(value: pulumi.Input[str]) -> pulumi.Input[str]:
    if isinstance(value, str):
        return verbatim(value)
    return pulumi.Output.from_input(value).apply(verbatim)
