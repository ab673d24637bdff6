"""Settings of an accessory: any image that runs beside the services, and Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from components.accessory.args import AccessoryCheck, DataVolume, EvictionPolicy, Folder
from components.accessory.valkey import PORT, data_volumes
from components.aws.elasticache.node_types import node_type
from components.microservice.metrics import Metrics
from components.microservice.workload import AGENT_PORTS, Egress
from infra.settings.base import ImageReference, Name, Port, RegionName, Section
from infra.settings.environment import Variables, require_size
from infra.settings.secrets import Secrets
from infra.settings.sentences import moving_tag, only_on

if TYPE_CHECKING:
    from infra.settings.model import Settings

_IMAGE_ONLY = (
    *("image", "port", "ports", "check", "command", "args", "environment", "volumes", "writable", "user"),
    *("capabilities", "egress", "secrets", "metrics"),
)
_VALKEY_ONLY = ("persistence", "size_gib", "eviction")
_LIMITS = {"image": 256, "valkey": 128}


class AccessorySettings(Section):
    """A program beside the services that others wrote, one of it in a region. Services reach it by its name and port:
    `cache:6379`."""

    kind: Literal["image", "valkey"] = "image"
    """`valkey` is a cache that speaks the protocol of Redis, with a password that is made for it and a memory limit
    that it keeps: nothing else need be said of it. `image` is any image."""

    image: ImageReference | None = None
    """Image, with a fixed tag or a digest; on Kubernetes with its digest. Of `valkey`, `gostack:images.valkey`."""

    port: Port | None = None
    """TCP port on which it answers and is checked."""

    ports: Annotated[list[Port], Field(max_length=20)] = Field(default_factory=list[Port])
    """Further TCP ports that services reach."""

    check: AccessoryCheck = AccessoryCheck()
    """Health check; a TCP connection by default."""

    metrics: Metrics | None = None
    """Where its own metrics are, for example {"port": 15692}. Without it none of its own are scraped."""

    command: list[str] | None = None
    """Program, in the place of the image's entry point."""

    args: list[str] | None = None
    """Arguments, in the place of the image's own."""

    environment: Variables = Field(default_factory=dict[str, str])
    """Environment variables. `${secret.NAME}` stands for a secret, `${region}` for where it runs; `$${` arrives as
    `${`."""

    secrets: Secrets = Field(default_factory=dict[str, SecretStr])
    """As of a service: name to an encrypted value (`gostack secrets set <accessory> <name>`) or to where another store
    keeps it. The program reads it in the file /run/secrets/<name>, and in a variable only where `environment` refers
    to it."""

    volumes: Annotated[dict[Name, DataVolume], Field(max_length=10)] = Field(default_factory=dict[str, DataVolume])
    """Name to disk, for example `data: {path: /var/lib/queue, size_gib: 5}`. It outlives the container. The image's
    user must be able to write to that folder of the image."""

    writable: Annotated[list[Folder], Field(max_length=20)] = Field(default_factory=list[Folder])
    """Folders in memory, beside /tmp, that it may write to. All else of the image is read-only."""

    user: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Number of the user that it runs as; the image's own on Docker when it is not given. Kubernetes needs it."""

    capabilities: list[Annotated[str, Field(pattern=r"^[A-Z_]+$")]] = Field(default_factory=list[str])
    """Linux capabilities that it keeps, for example ["SETUID", "SETGID"] of an image that starts as root and becomes
    another user. None by default. Docker only: namespaces on Kubernetes refuse them."""

    regions: list[RegionName] | None = None
    """Where it runs. One region, by default that of the database's primary: services of every region reach it there.
    All regions: each has its own, with data of its own."""

    memory_mib: Annotated[int, Field(ge=16, le=65536)] | None = None
    """Memory limit in MiB; 256 when it is not given, and 128 of `valkey`, which keeps a quarter of it for its clients,
    and half of it with `persistence`."""

    cpus: Annotated[float, Field(ge=0.05, le=64)] = 1.0
    """CPU limit in cores."""

    egress: list[Egress] = Field(default_factory=list[Egress])
    """Kubernetes only: what it may reach outside of the stack; everything else is refused."""

    startup_timeout_seconds: Annotated[int, Field(ge=5, le=600)] = 60
    """Time in seconds that it has to become healthy; after that the update fails."""

    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """Time in seconds that it has after its stop signal."""

    persistence: bool = False
    """`valkey` only: True writes every change to a disk, at most a second late, and has it back after a restart. On
    AWS, where ElastiCache runs it on two nodes (one of size `small`), a snapshot of each night is kept for a week."""

    size_gib: Annotated[int, Field(ge=1, le=16384)] = 1
    """`valkey` with `persistence` on Kubernetes only, not on AWS: size of that disk in GiB."""

    eviction: EvictionPolicy = "allkeys-lru"
    """`valkey` only: what goes when the memory is full. The key that was used least recently by default; `noeviction`
    refuses to write instead, for a queue or sessions."""

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Self:
        for key in _IMAGE_ONLY if self.kind == "valkey" else _VALKEY_ONLY:
            if key in self.model_fields_set:
                raise ValueError(f"{key} means nothing with kind {self.kind}: remove one of them.")
        if self.kind == "image":
            for key, example in (("image", '"registry.example.com/queue:3.1"'), ("port", "5672")):
                if getattr(self, key) is None:
                    raise ValueError(f"{key} is missing: write it, like {example}, or kind: valkey.")
        require_size("environment", self.environment)
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        ports = self.all_ports()
        asked = [self.metrics.port] if self.metrics is not None and self.metrics.port is not None else []
        for port in [*ports, *asked]:
            if port in AGENT_PORTS:
                raise ValueError(f"{port} belongs to the Consul agent in the same pod: choose another port.")
            if ports.count(port) > 1:
                raise ValueError(f"{port} is there twice: remove one of them.")
        folders = [volume.path for volume in self.volumes.values()] + [*self.writable, "/tmp"]  # noqa: S108
        for folder in folders:
            if folders.count(folder) > 1:
                raise ValueError(f'"{folder}" is there twice: remove one of them.')
        return self

    def all_ports(self) -> list[int]:
        """Return its ports, the one that is checked first."""
        return [self.port or PORT, *self.ports]

    def limit_mib(self) -> int:
        """Return its memory limit in MiB."""
        return self.memory_mib or _LIMITS[self.kind]

    def data(self) -> dict[str, DataVolume]:
        """Return its disks by name."""
        if self.kind == "valkey":
            return data_volumes(persistence=self.persistence, size_gib=self.size_gib)
        return dict(self.volumes)

    def runs_in(self, regions: list[str]) -> list[str]:
        """Return where it runs, among the ordered regions of its stack."""
        return [region for region in regions if region in self.regions] if self.regions else regions[:1]


def accessory_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each accessory that cannot be on the platform or in the regions."""
    for name, accessory in settings.accessories.items():
        key = f"gostack:accessories.{name}"
        wanted = accessory.regions if accessory.regions is not None else [settings.mysql.primary]
        for unknown in sorted(set(wanted) - set(settings.regions)):
            known = ", ".join(sorted(settings.regions))
            yield f'{key}.regions has "{unknown}", which is no region: use one of {known}.'
        if settings.aws is not None and set(wanted) != set(settings.regions):
            yield (
                f"{key}.regions names {len(wanted)} of {len(settings.regions)} regions, which share no network on AWS: "
                "name every region, so that each has its own."
            )
        if len(set(wanted)) != len(wanted) or len(wanted) not in (1, len(settings.regions)):
            yield (
                f"{key}.regions names {len(wanted)} of {len(settings.regions)} regions: name one, which all of them "
                "reach, or every region once, so that each has its own."
            )
        if settings.platform == "docker":
            if accessory.egress:
                yield only_on("kubernetes", f"{key}.egress")
        elif accessory.kind == "image":
            yield from _kubernetes_problems(key, accessory)
        elif settings.aws is not None:
            try:
                node_type(accessory.limit_mib())
            except ValueError as error:
                yield f"{key}.memory_mib: {error}"


def _kubernetes_problems(key: str, accessory: AccessorySettings) -> Iterator[str]:
    if accessory.image is not None and "@sha256:" not in accessory.image:
        yield moving_tag(f"{key}.image", accessory.image)
    if accessory.user is None:
        yield f"{key}.user is missing: Kubernetes runs no pod as root, so write the number of the image's user."
    if accessory.capabilities:
        yield f'{key}.capabilities has a meaning only when gostack:platform is "docker": remove it, and name a user.'
