"""What every replica of a service is, whichever its track and region. Declared once: the stack file and the components
share it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from components.consul.check import Check
from components.microservice.files import FilePathInContainer, ServiceFile
from components.microservice.folders import WritableFolder, WritableFolders, nested
from components.microservice.metrics import Metrics
from components.microservice.volumes import ServiceVolume, VolumeName
from components.section import AnyNetwork, Port, PortName, Section

SERVICE_USER = 65532
"""User and group of the service images (services/Dockerfile)."""

MOST_FILES = 50
"""Files that a service is given at most, and secrets."""

AGENT_PORTS = frozenset({8300, 8301, 8302, 8500, 8503, 8600})
"""Ports of the Consul agent, which shares the replica's network namespace."""


MAIN_PORT = "main"
"""Name of a service's own port where another one is called `http`, as it is otherwise."""

UNPRIVILEGED = 1024
"""First of the ports on which every user may listen by Linux's default."""


class NamedPort(Section):
    """A port of a service beside its `port`."""

    port: Port
    """Port on which the program listens inside its container."""

    protocol: Literal["http", "grpc"] | None = None
    """What callers speak there, so that routes may lead to it and other services call it as `http://<service>-<name>`.
    Without it nobody is led there: the port is for the check, and for people who are in the pod."""


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


def _user(value: str) -> str:
    numbers = re.fullmatch(r"([0-9]{1,9})(:[0-9]{1,9})?", value)
    if numbers is None:
        raise ValueError(f'"{value}" is not a user: write its number, or user and group like "1000:1000".')
    if int(numbers[1]) == 0:
        raise ValueError("0 is root, which no replica may be: write another user.")
    return value


def _as_text(given: Any) -> Any:
    return str(given) if type(given) is int else given


UserId = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int), AfterValidator(_user)]
"""A user by number, and perhaps its group: "1000:1000"."""


class Workload(Section):
    """The replicas of a service."""

    kind: Literal["service", "worker"] = "service"
    """`service` answers on `port`. `worker` answers nobody: it has no routes, no port, no name by which others call it,
    and no check unless one is given; it is started again when it ends. All else is as for a service."""

    command: Annotated[list[str], Field(min_length=1)] | None = None
    """Program and what comes first of its arguments, for example ["/app/shop", "serve"]; the image's own when it is not
    given. With it the image's own arguments are not used."""

    args: list[str] | None = None
    """Arguments of the program, for example ["-config", "/etc/shop.yaml"]; the image's own when they are not given.
    They arrive as they are written, `$(X)` and `$X` too, but for `${…}`, which is replaced as in `environment`; none of
    it may be a secret, as every user of the machine sees the arguments of a program."""

    user: UserId | None = None
    """User as which the program runs, "uid" or "uid:gid"; a group that is not given has the user's number. Without
    it: the image's own user on Docker, and 65532 on Kubernetes."""

    writable: WritableFolders = Field(default_factory=dict[str, WritableFolder])
    """Folders to which the program may write beside /tmp: a list of paths, or path to size and place. They begin empty
    and go with the replica."""

    files: Annotated[dict[FilePathInContainer, ServiceFile], Field(max_length=MOST_FILES)] = Field(
        default_factory=dict[str, ServiceFile]
    )
    """Absolute path to a file that the program finds there: its text, with `${…}` as in `environment`, or {"source":
    "config/shop.yaml"}, a file of the repository. Nobody can change it. Another text is another release."""

    volumes: Annotated[dict[VolumeName, ServiceVolume], Field(max_length=10)] = Field(
        default_factory=dict[str, ServiceVolume]
    )
    """Name to folder that the service keeps, for example {"uploads": {"path": "/data/uploads"}}."""

    port: Port = 8080
    """Port on which the service listens inside its container; the variable PORT holds it. Of a worker, where its check
    by `http`, `tcp` or `grpc` asks; one without has no port, and no variable. Any user may listen on one below 1024."""

    ports: Annotated[dict[PortName, NamedPort], Field(max_length=10)] = Field(default_factory=dict[str, NamedPort])
    """Name to a further port, for example {"grpc": {"port": 9090, "protocol": "grpc"}, "admin": {"port": 6060}}. A
    replica takes requests once all ports with a `protocol` take connections."""

    check: Check = Check()
    """Health check. A worker to which none is given is healthy once it has run for `min_ready_seconds`."""

    metrics: Metrics | None = None
    """Where the service's own metrics are, for example {"path": "/metrics"}. Without it none of its own are scraped:
    what is known of it comes from the ingress and the containers. Not for a worker."""

    min_ready_seconds: Annotated[int, Field(ge=1, le=600)] = 10
    """Of a worker without a check: time in seconds for which its program must run before it counts."""

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

    @model_validator(mode="after")
    def _ports_apart(self) -> Self:
        owners = {self.port: "port"}
        for name, named in self.ports.items():
            key = f"ports.{name}"
            if name == MAIN_PORT:
                raise ValueError(f"{key} has the name of the service's own port: write it as port.")
            if named.port in AGENT_PORTS:
                raise ValueError(
                    f"{key}.port is {named.port}, which belongs to the Consul agent in the same pod: choose another "
                    "port."
                )
            if named.port in owners:
                raise ValueError(
                    f"{key}.port is {named.port}, which {owners[named.port]} has already: choose another port."
                )
            owners[named.port] = key
        if self.check.port is not None and self.check.port not in self.ports:
            raise ValueError(f'check.port is "{self.check.port}", which is no port of this service: {self._known()}.')
        return self

    def _known(self) -> str:
        return f"use one of {', '.join(sorted(self.ports))}" if self.ports else "name it in ports"

    @model_validator(mode="after")
    def _folders_apart(self) -> Self:
        if pair := nested(self.writable):
            raise ValueError(f'writable has "{pair[1]}", which is inside of "{pair[0]}": remove it.')
        if pair := nested([*self.files, *self.writable]):
            fix = "remove one of them" if pair[0] == pair[1] else "choose another path"
            if pair[0] in self.files:
                raise ValueError(f'files has "{pair[0]}", where "{pair[1]}" is to be too: {fix}.')
        self._require_volumes_apart()
        limit = self.memory_mib or min(usual.memory_mib for usual in _LIMITS.values())
        if self.memory_folders_mib >= limit:
            raise ValueError(
                f"writable has {self.memory_folders_mib} MiB in memory, of which memory_mib ({limit}) has to hold all "
                "beside the program: raise memory_mib, make them smaller, or write disk: true."
            )
        return self

    def _require_volumes_apart(self) -> None:
        """Raise ValueError for a volume that another one, a file or a writable folder is in, or that is in one."""
        for name, volume in self.volumes.items():
            others = {other.path: f"volumes.{key}" for key, other in self.volumes.items() if key != name}
            others |= dict.fromkeys(self.writable, "writable") | dict.fromkeys(self.files, "files")
            for path, key in others.items():
                if nested([volume.path, path]):
                    raise ValueError(
                        f'volumes.{name} has the path "{volume.path}", and {key} has "{path}": choose paths of which '
                        "none is inside of the other."
                    )

    @model_validator(mode="after")
    def _metrics_of_its_own(self) -> Self:
        if self.metrics is not None and self.metrics.port in AGENT_PORTS:
            raise ValueError(
                f"metrics.port is {self.metrics.port}, which belongs to the Consul agent in the same pod: "
                "choose another port."
            )
        return self

    @property
    def judged_by(self) -> Check | None:
        """The check by which a replica is healthy; None where it is enough that its program runs."""
        return self.check if self.kind == "service" or "check" in self.model_fields_set else None

    @property
    def own_port(self) -> int | None:
        """The port on which the program listens; None when it has none."""
        return self.port if self.judged_by is not None and self.judged_by.protocol != "command" else None

    def port_number(self, name: str | None) -> int:
        """Return the number of a port by its name; of the service's own for None."""
        return self.port if name is None else self.ports[name].port

    @property
    def check_port(self) -> int:
        """The port that the check asks."""
        return self.port_number(self.check.port)

    @property
    def served_ports(self) -> dict[str, int]:
        """Name to number of the ports that routes lead to and others call, beside its own."""
        return {name: named.port for name, named in self.ports.items() if named.protocol is not None}

    @property
    def client_ports(self) -> list[int]:
        """The ports on which a replica must answer, the one that its check asks first."""
        return list(dict.fromkeys([self.check_port, self.port, *self.served_ports.values()]))

    @property
    def all_ports(self) -> dict[str, int]:
        """Name to number of every port of a replica; empty for one without."""
        if self.own_port is None:
            return {}
        own = MAIN_PORT if "http" in self.ports else "http"
        return {own: self.own_port, **{name: named.port for name, named in self.ports.items()}}

    @property
    def binds_privileged(self) -> bool:
        """Whether it listens on a port for which Linux asks for a capability."""
        return any(port < UNPRIVILEGED for port in self.all_ports.values())

    @property
    def memory_folders_mib(self) -> int:
        """What the folders in memory hold at most, in MiB."""
        return sum(folder.size_mib for folder in self.writable.values() if not folder.disk)

    def user_and_group(self) -> tuple[int, int]:
        """Return the numbers of the user and its group where the platform has to know them."""
        user, _, group = (self.user or str(SERVICE_USER)).partition(":")
        return int(user), int(group or user)

    def limits(self, platform: str) -> Limits:
        """Return what a replica may use at most on a platform, `docker` or `kubernetes`."""
        usual = _LIMITS[platform]
        return Limits(self.memory_mib or usual.memory_mib, self.cpus or usual.cpus)
