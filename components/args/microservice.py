"""The replicas of a service in one region."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args.consul import ConsulReference
from components.args.instances import CheckArgs
from components.args.regions import RegionReference


class EgressArgs(TypedDict):
    """A port of a network outside of the stack."""

    network: pulumi.Input[str]
    """Network in CIDR notation."""

    port: int
    """TCP port."""


class AutoscalingArgs(TypedDict):
    """How the number of replicas follows the load."""

    maximum: int
    """Highest number of replicas."""

    cpu_percent: int
    """Use of the requested CPU in percent, on average, that the number of replicas aims at."""


class MicroserviceArgs(TypedDict):
    """Inputs of one track of a service in one region."""

    service: str
    """Name of the service."""

    track: str
    """`stable`, or the name of another track of the same service."""

    region: RegionReference
    """Where it runs."""

    consul: ConsulReference
    """Where it is registered."""

    image: pulumi.Input[str]
    """Image of the service."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    version: pulumi.Input[str]
    """Version of the service, told to it in SERVICE_VERSION."""

    port: int
    """Port on which the service listens."""

    replicas: int
    """Number of replicas."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; on Kubernetes they come from a Secret."""

    check: CheckArgs
    """Health check."""

    memory_mib: int
    """Memory limit of a replica in MiB."""

    cpus: float
    """CPU limit of a replica in cores."""

    memory_request_mib: NotRequired[int]
    """On Kubernetes: memory in MiB that a node must have free for a replica; the limit when it is not given."""

    cpu_request: NotRequired[float]
    """On Kubernetes: cores that a node must have free for a replica; the limit when it is not given."""

    autoscaling: NotRequired[AutoscalingArgs]
    """On Kubernetes: given, the number of replicas follows the load and begins with `replicas`."""

    egress: NotRequired[Sequence[EgressArgs]]
    """On Kubernetes: what the replicas may reach outside of the stack."""

    drain_seconds: int
    """Time in seconds between the deregistration of a replica and its stop signal."""

    stop_seconds: int
    """Time in seconds that a replica has after its stop signal."""

    start_seconds: int
    """Time in seconds that a new replica has to become healthy."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
