"""Settings of what every region needs: discovery, database, ingress, certificates, rotation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.base import Name, Section

HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
"""A host name or an IPv4 address."""


class ConsulSettings(Section):
    """Service discovery."""

    servers: Literal[1, 3] = 3
    """Consul servers in each region; 3 survive the loss of one, 1 is enough to try things. A running stack cannot go
    from 3 to 1, because the last server would wait for the others: `make down` first (the data of MySQL stays)."""


class MySqlSettings(Section):
    """The database."""

    primary: Name
    """Region of the primary. It is named, never guessed: a region that is added must not move the data's home."""

    topology: Literal["single", "replica"] = "replica"
    """`single`: the primary alone. `replica`: a GTID replica in each other region too."""

    buffer_pool_mib: Annotated[int, Field(ge=32, le=1024 * 256)] = 64
    """InnoDB buffer pool in MiB."""

    memory_mib: Annotated[int, Field(ge=512, le=1024 * 512)] = 1024
    """Memory limit of a member in MiB; at least `buffer_pool_mib` and 384 MiB for everything else."""

    max_connections: Annotated[int, Field(ge=20, le=10000)] = 200
    """Connections that a member accepts."""

    protect: bool = False
    """True refuses to delete the data volumes; without it `pulumi destroy` lets go of them and they stay."""

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        if self.buffer_pool_mib + 384 > self.memory_mib:
            raise ValueError(
                f"buffer_pool_mib ({self.buffer_pool_mib}) does not fit into memory_mib ({self.memory_mib}): "
                "leave 384 MiB for everything else."
            )
        return self


class IngressSettings(Section):
    """The way in."""

    hosts: Annotated[list[HostName], Field(min_length=1)] = Field(default=["localhost", "127.0.0.1"])
    """Host names and addresses that are served; others get a JSON 404. The certificate names them."""

    worker_connections: Annotated[int, Field(ge=256, le=65535)] = 4096
    """Connections of an Nginx worker."""


class CertificateSettings(Section):
    """The certificates that the project's own authority signs."""

    lifetime_days: Annotated[int, Field(ge=2, le=397)] = 60
    """Lifetime in days of the ingress certificate; it is renewed by `up` in the last 30 % of it."""

    authority_lifetime_days: Annotated[int, Field(ge=365, le=7300)] = 3650
    """Lifetime in days of the certificate authority and of the certificates between MySQL and the services."""


class RotationSettings(Section):
    """Counters: a higher number makes new ones at the next `up`."""

    passwords: Annotated[int, Field(ge=1)] = 1
    """Passwords of the MySQL accounts."""

    gossip_key: Annotated[int, Field(ge=1)] = 1
    """Key that encrypts Consul's gossip."""

    certificates: Annotated[int, Field(ge=1)] = 1
    """Ingress certificate."""

    authority: Annotated[int, Field(ge=1)] = 1
    """Certificate authority; clients must trust the new one."""
