"""What every replica of a service is, whichever its track and region. Declared once: the stack file and the components
share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from components.consul.check import Check
from components.section import AnyNetwork, Port, Section

AGENT_PORTS = frozenset({8300, 8301, 8302, 8500, 8503, 8600})
"""Ports of the Consul agent, which shares the replica's network namespace."""


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


@dataclass(frozen=True)
class Limits:
    """What a replica may use at most."""

    memory_mib: int
    """Memory in MiB."""

    cpus: float
    """Cores."""


_LIMITS = {"docker": Limits(256, 1.0), "kubernetes": Limits(512, 0.5)}


class Workload(Section):
    """The replicas of a service."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """Port on which the service listens inside its container; the variable PORT holds it."""

    check: Check = Check()
    """Health check."""

    memory_mib: Annotated[int, Field(ge=16, le=65536)] | None = None
    """Memory limit of a replica in MiB; 256 on Docker and 512 on Kubernetes when it is not given."""

    cpus: Annotated[float, Field(ge=0.05, le=64)] | None = None
    """CPU limit of a replica in cores; 1.0 on Docker and 0.5 on Kubernetes when it is not given."""

    memory_request_mib: Annotated[int, Field(ge=16, le=65536)] = 256
    """Kubernetes only: memory in MiB that a node must have free for a replica."""

    cpu_request: Annotated[float, Field(ge=0.01, le=64)] = 0.25
    """Kubernetes only: cores that a node must have free for a replica."""

    egress: list[Egress] = Field(default_factory=list[Egress])
    """Kubernetes only: what replicas may reach beside the stack itself; everything else is refused."""

    autoscaling: Autoscaling | None = Autoscaling()
    """Kubernetes only: how the number of replicas follows the load; null keeps it at `replicas`."""

    drain_seconds: Annotated[int, Field(ge=1, le=300)] = 3
    """Time in seconds between the deregistration of a replica and its stop signal, for requests on their way."""

    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """Time in seconds that a replica has for requests in flight after its stop signal."""

    startup_timeout_seconds: Annotated[int, Field(ge=5, le=600)] = 60
    """Time in seconds that a new replica has to become healthy; after that the update fails and the old one stays."""

    @field_validator("port")
    @classmethod
    def _port_of_its_own(cls, port: int) -> int:
        if port in AGENT_PORTS:
            raise ValueError(f"{port} belongs to the Consul agent in the same pod: choose another port.")
        return port

    def limits(self, platform: str) -> Limits:
        """Return what a replica may use at most on a platform, `docker` or `kubernetes`."""
        usual = _LIMITS[platform]
        return Limits(self.memory_mib or usual.memory_mib, self.cpus or usual.cpus)
