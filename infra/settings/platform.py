"""Settings of what every region needs: discovery, database, ingress, certificates, rotation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from components.ingress.configuration import memory_needed_mib
from components.ingress.names import HostName
from infra.settings.acme import AcmeSettings
from infra.settings.base import AnyNetwork, Name, NetworkAddress, Section
from infra.settings.edge import Logins, LoginSettings, Sites, SiteSettings


class ConsulSettings(Section):
    """Service discovery."""

    servers: Literal[1, 3] = 3
    """Consul servers in each region; 3 survive the loss of one, 1 is enough to try things. A running stack cannot go
    from 3 to 1, because the last server would wait for the others: `make down` first (the data of MySQL stays)."""


class WitnessSettings(Section):
    """One more member of a MySQL group, in a place of its own with nothing else in it."""

    cidr: NetworkAddress
    """Network of the place, in CIDR notation; it must not overlap with another one of the stack."""


class MySqlSettings(Section):
    """The database."""

    primary: Name
    """Region of the primary, in a group of the first one. It is named, never guessed: a region that is added must not
    move the data's home."""

    topology: Literal["single", "replica", "group"] = "replica"
    """`single`: the primary alone. `replica`: a GTID replica in each other region too (on Kubernetes in every region,
    the primary's own among them). `group` (Docker only): MySQL Group Replication with a member in each region, of which
    another one becomes the primary by itself; it takes three members or another odd number. To leave `group`:
    `gostack failover` to the region of `primary`, `make down`, then `make up` with the other topology (the data
    stays)."""

    witness: WitnessSettings | None = None
    """With `group` and an even number of regions: one more member, so that the loss of any region leaves a majority. It
    becomes the primary only when no other member is left."""

    buffer_pool_mib: Annotated[int, Field(ge=32, le=1024 * 256)] = 64
    """InnoDB buffer pool in MiB."""

    memory_mib: Annotated[int, Field(ge=512, le=1024 * 512)] = 1024
    """Memory limit of a member in MiB; at least `buffer_pool_mib` and 384 MiB for everything else (640 MiB in a
    group)."""

    storage_gib: Annotated[int, Field(ge=1, le=65536)] = 10
    """Kubernetes only: size of a member's disk in GiB. Most storage classes let it grow, none lets it shrink."""

    max_connections: Annotated[int, Field(ge=20, le=10000)] = 200
    """Connections that a member accepts, of all services together; see `services.<name>.database.max_connections`."""

    protect: bool = False
    """True refuses to delete the data volumes (on Kubernetes the members); without it `pulumi destroy` lets go of them
    and the data stays."""

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        # A group's member keeps what it has told the others, 128 MiB of it, and certifies what they tell.
        rest = 640 if self.topology == "group" else 384
        if self.buffer_pool_mib + rest > self.memory_mib:
            raise ValueError(
                f"buffer_pool_mib ({self.buffer_pool_mib}) does not fit into memory_mib ({self.memory_mib}): "
                f"leave {rest} MiB for everything else."
            )
        return self

    @model_validator(mode="after")
    def _witness_has_a_group(self) -> Self:
        if self.witness is not None and self.topology != "group":
            raise ValueError(
                f'witness is set, but topology is "{self.topology}": remove witness, or set topology to "group".'
            )
        return self


class IngressSettings(Section):
    """The way in."""

    hosts: Annotated[list[HostName], Field(min_length=1)] = Field(default=["localhost", "127.0.0.1"])
    """Host names and addresses that are served; the first one is that of the stack's URL. The certificate names them. A
    TLS client that asks for another name gets no certificate, and a request for another host 421."""

    sites: Sites = Field(default_factory=dict[str, SiteSettings])
    """Host, one of `hosts`, to what is special about it: its own certificate, those of its clients, names that redirect
    to it."""

    logins: Logins = Field(default_factory=dict[str, LoginSettings])
    """Name to a login that routes can ask for, for example {"internal": {"kind": "basic"}}."""

    trusted_proxies: list[AnyNetwork] = Field(default_factory=list[str])
    """Networks in CIDR notation of load balancers or proxies in front, whose `X-Forwarded-For` tells who the client is,
    for limits and logs too. What anybody else sends in it is replaced."""

    ipv6: bool | None = None
    """Docker only: whether the ingress listens on the IPv6 loopback (::1) too, where it listens on 127.0.0.1; when
    it is not given, it does where this machine has one."""

    worker_processes: Annotated[int, Field(ge=1, le=64)] = 2
    """Nginx workers."""

    worker_connections: Annotated[int, Field(ge=256, le=65535)] = 1024
    """Connections of an Nginx worker, to clients and to replicas together. Requests at once are half of all workers';
    more get 503."""

    memory_mib: Annotated[int, Field(ge=128, le=65536)] = 512
    """Memory limit of an Nginx in MiB; it must hold every connection that it may have."""

    @property
    def first_has_certificate(self) -> bool:
        """Whether the first host, at which `up` and `status` ask, has a certificate of its own."""
        site = self.sites.get(self.hosts[0])
        return site is not None and site.has_certificate

    @property
    def every_host_has_certificate(self) -> bool:
        """Whether no host is left for a certificate of the stack's own authority, or one by ACME."""
        return all(host in self.sites and self.sites[host].has_certificate for host in self.hosts)

    @model_validator(mode="after")
    def _memory_holds_the_connections(self) -> Self:
        needed = memory_needed_mib(self.worker_processes, self.worker_connections)
        if needed > self.memory_mib:
            raise ValueError(
                f"{self.worker_processes} workers with {self.worker_connections} connections need {needed} MiB and "
                f"memory_mib is {self.memory_mib}: raise it, or lower worker_connections."
            )
        return self

    @field_validator("hosts")
    @classmethod
    def _hosts_once(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if hosts.count(host) > 1:
                raise ValueError(f'"{host}" is there twice: remove one of them.')
        return hosts


_SHORTEST_BY_UPDATE = 2
"""Lifetime in days of a certificate that nothing but an update renews, at least."""


class CertificateSettings(Section):
    """The certificates that the project's own authority signs, and that of another authority."""

    lifetime_days: Annotated[float, Field(ge=0.003, le=397)] = 60
    """Lifetime in days of an ingress certificate, which is renewed with 30 % of it left at the latest: by `up`, or in
    time by itself with `in_advance`. Less than 2 needs that."""

    in_advance: Annotated[int, Field(ge=1, le=100)] | None = None
    """Docker only: how many ingress certificates `up` signs, each for the time after the one before; a small container
    hands the next one to the ingresses when its time comes. 10 of 60 days are good for 14 months without an `up`; one
    in the second half of these signs as many again. With 1, only `up` renews. When it is not given, it is 10 where a
    region listens on an address that is no loopback, else 1."""

    authority_lifetime_days: Annotated[int, Field(ge=365, le=7300)] = 3650
    """Lifetime in days of the certificate authority and of the certificates between MySQL and the services."""

    acme: AcmeSettings | None = None
    """Docker only: where the ingress gets a certificate that every client trusts (Let's Encrypt or another one that
    speaks ACME), which renews itself. Until there is one it shows the one of the stack's own authority."""

    @model_validator(mode="after")
    def _renewed_in_time(self) -> Self:
        if self.acme is not None and self.in_advance is not None:
            raise ValueError("in_advance means nothing with acme, which renews by itself: remove it.")
        if self.lifetime_days < _SHORTEST_BY_UPDATE and (self.in_advance or 1) == 1:
            raise ValueError(
                f"lifetime_days is {self.lifetime_days:g}, which is too short for certificates that `up` alone renews: "
                f"make it at least {_SHORTEST_BY_UPDATE}, or set in_advance (Docker) to more than 1."
            )
        return self

    @model_validator(mode="after")
    def _authority_outlives(self) -> Self:
        if self.lifetime_days > self.authority_lifetime_days:
            raise ValueError(
                f"lifetime_days ({self.lifetime_days:g}) is more than authority_lifetime_days "
                f"({self.authority_lifetime_days}), and no certificate outlives its authority: lower the first."
            )
        return self


class RotationSettings(Section):
    """Counters: a higher number makes new ones at the next `up`."""

    passwords: Annotated[int, Field(ge=1)] = 1
    """Passwords of the MySQL accounts."""

    sessions: Annotated[int, Field(ge=1)] = 1
    """Keys of the sessions of logins of kind `oidc`: everybody is sent to the issuer once more."""

    gossip_key: Annotated[int, Field(ge=1)] = 1
    """Key that encrypts Consul's gossip."""

    certificates: Annotated[int, Field(ge=1)] = 1
    """Ingress certificate; with `certificates.acme` the account, too, and one is ordered."""

    tokens: Annotated[int, Field(ge=1)] = 1
    """Keys with which services sign tokens (`services.<name>.tokens`). One more lets the next key sign, which everybody
    knows already; tokens of the one before are good until they expire. Three more, after a key or the state got into
    other hands: every token that is out is refused, and clients refresh theirs."""

    authority: Annotated[int, Field(ge=1)] = 1
    """Certificate authority; clients must trust the new one. The members of a MySQL group, which know each other by it
    and by a password that is renewed with it, leave one by one and begin anew: writes stop for about a minute."""
