"""An accessory: what its settings say, and what its components take."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from components.args import KeptArgs
from components.consul.args import RegionalArgs
from components.consul.check import CheckPath
from components.files import GivenFile
from components.microservice.metrics import Metrics
from components.microservice.workload import Egress
from components.region.args import RegionReference
from components.section import Section, shaped

Folder = Annotated[str, shaped(r"(/(?!\.{1,2}(/|$))[^/:]+)+", "the path of a folder in a container", "/var/lib/queue")]
"""The absolute path of a folder in a container."""


EvictionPolicy = Literal[
    "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "noeviction",
]  # fmt: skip
"""What goes when the memory is full: https://valkey.io/topics/lru-cache/."""


class DataVolume(Section):
    """A disk that outlives the container, `make up` and `make down`; `make down PURGE=1` removes it."""

    path: Folder
    """Folder in the container."""

    size_gib: Annotated[int, Field(ge=1, le=16384)] = 1
    """Kubernetes only: size in GiB. Docker's volumes grow with what is in them."""


class AccessoryCheck(Section):
    """How an accessory tells that it serves; an update waits for it."""

    protocol: Literal["tcp", "http", "command"] = "tcp"
    """`tcp` opens a connection to `port`; `http` asks there for `path`; `command` runs a program of the image, which
    needs a shell beside it."""

    path: CheckPath = "/"
    """For `http`: path, with or without a query, that answers 2xx."""

    command: list[str] = Field(default_factory=list[str])
    """For `command`: program and arguments, for example ["pg_isready", "-q"]; it ends with 0 when all is well."""

    @model_validator(mode="after")
    def _keys_of_the_protocol(self) -> Self:
        for key, protocol in (("path", "http"), ("command", "command")):
            if key in self.model_fields_set and self.protocol != protocol:
                raise ValueError(f"{key} means nothing with protocol {self.protocol}: remove one of them.")
        if self.protocol == "command" and not self.command:
            raise ValueError('command is missing: write the program that tells, like ["pg_isready", "-q"].')
        return self


class ValkeyArgs(TypedDict):
    """What a Valkey is asked to be, whoever runs it."""

    password: pulumi.Input[str]
    """Its password (secret)."""

    persistence: bool
    """True when its data is to outlive it."""

    eviction: str
    """What goes when its memory is full: an `EvictionPolicy`."""


class AccessoryArgs(RegionalArgs, KeptArgs):
    """Inputs of an accessory in one region."""

    accessory: str
    """Name by which services reach it."""

    reachable_from: Sequence[RegionReference]
    """Other regions in which the name leads here, because they have none of their own."""

    peers: Sequence[RegionReference]
    """Other regions that have one of this name of their own."""

    image: pulumi.Input[str]
    """Image."""

    ports: Sequence[int]
    """TCP ports on which it answers, the one that is checked first."""

    check: AccessoryCheck
    """Health check."""

    metrics: NotRequired[Metrics]
    """Where its own metrics are; not given when it has none."""

    entrypoint: NotRequired[Sequence[str]]
    """Program; the image's own when it is not given."""

    arguments: NotRequired[Sequence[str]]
    """Arguments; the image's own when they are not given."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; on Kubernetes they come from a Secret."""

    given_files: NotRequired[Mapping[str, GivenFile]]
    """Path to a file that it finds there; none when they are not given."""

    data: Mapping[str, DataVolume]
    """Name to disk."""

    writable: Sequence[str]
    """Folders in memory beside /tmp that it may write to; everything else is read-only."""

    user: NotRequired[int]
    """Number of the user; the image's own on Docker when it is not given."""

    capabilities: Sequence[str]
    """Linux capabilities that it keeps."""

    memory_mib: int
    """Memory limit in MiB."""

    cpus: float
    """CPU limit in cores."""

    egress: NotRequired[Sequence[Egress]]
    """On Kubernetes: what it may reach outside of the stack."""

    start_seconds: int
    """Time in seconds that it has to become healthy."""

    stop_seconds: int
    """Time in seconds that it has after its stop signal."""

    more_values: Mapping[str, pulumi.Input[str]]
    """What services may be told of it beside where it is: name to value."""

    valkey: NotRequired[ValkeyArgs]
    """What a Valkey is asked to be, for a platform that has it as a service."""


def accessory_values(
    args: AccessoryArgs, address: pulumi.Output[str], peers: Sequence[str]
) -> dict[str, pulumi.Input[str]]:
    """Return what services may be told of an accessory, and of those at the hosts `peers`; whoever uses it waits until
    it is healthy."""
    return {
        "peers": ",".join(f"{host}:{args['ports'][0]}" for host in peers),
        "host": address.apply(lambda known: known.rpartition(":")[0]),
        "port": address.apply(lambda known: known.rpartition(":")[2]),
        "address": address,
        **args["more_values"],
    }
