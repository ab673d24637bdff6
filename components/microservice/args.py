"""The replicas of a service in one region."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict

import pulumi
from pydantic import Field

from components.consul.args import ConsulReference
from components.consul.check import Check
from components.region.args import RegionReference
from components.section import AnyNetwork, Port, Section


class Egress(Section):
    """What replicas may reach outside of the stack."""

    network: AnyNetwork
    """Network in CIDR notation, for example "203.0.113.0/24"; "0.0.0.0/0" is everything."""

    port: Port
    """TCP port there."""


class Autoscaling(Section):
    """How the number of replicas follows the load."""

    maximum: Annotated[int, Field(ge=1, le=100)] = 10
    """Highest number of replicas in each region; the lowest is `replicas`."""

    cpu_percent: Annotated[int, Field(ge=10, le=95)] = 50
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

    version: pulumi.Input[str]
    """Version of the service, in its variable SERVICE_VERSION."""

    port: int
    """Port on which the service listens."""

    replicas: int
    """Number of replicas."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; on Kubernetes they come from a Secret."""

    check: Check
    """Health check."""

    memory_mib: int
    """Memory limit of a replica in MiB."""

    cpus: float
    """CPU limit of a replica in cores."""

    memory_request_mib: NotRequired[int]
    """On Kubernetes: memory in MiB that a node must have free for a replica; the limit when it is not given."""

    cpu_request: NotRequired[float]
    """On Kubernetes: cores that a node must have free for a replica; the limit when it is not given."""

    autoscaling: NotRequired[Autoscaling]
    """On Kubernetes: given, the number of replicas follows the load and begins with `replicas`."""

    egress: NotRequired[Sequence[Egress]]
    """On Kubernetes: what the replicas may reach outside of the stack."""

    database_networks: NotRequired[Sequence[pulumi.Input[str]]]
    """On Kubernetes: networks in CIDR notation with a database that is no pod of the stack."""

    drain_seconds: int
    """Time in seconds between the deregistration of a replica and its stop signal."""

    stop_seconds: int
    """Time in seconds that a replica has after its stop signal."""

    start_seconds: int
    """Time in seconds that a new replica has to become healthy."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
