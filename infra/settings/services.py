"""Settings of a service: what a team writes to put its Go program into the stack."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from components.rendering.nginx_tracks import CANARY, STABLE
from infra.settings.base import FilePath, ImageReference, Name, Port, Section, shaped
from infra.settings.canary import CanarySettings
from infra.settings.environment import Variables, require_own, require_size

_PATH = re.compile(r"^/[A-Za-z0-9._~/-]*$")
_PACKAGE = r"\.|(\./)?[A-Za-z0-9_][A-Za-z0-9_.~+-]*(/[A-Za-z0-9_][A-Za-z0-9_.~+-]*)*/?"
_DURATION = re.compile(r"^[1-9][0-9]{0,5}(ms|s|m)$")

AGENT_PORTS = frozenset({8300, 8301, 8302, 8500, 8503, 8600})
"""Ports of the Consul agent, which shares the replica's network namespace."""

LARGEST_DOCUMENT = 65_536
"""Bytes of a service's dynamic configuration: it travels in a variable, of which Linux takes 128 KiB."""


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise ValueError(f'"{value}" is not a URL path; write it like "/health/ready".')
    return value


def _any_network(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError:
        raise ValueError(f'"{value}" is not a network; write it like "203.0.113.0/24".') from None


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError(f'"{value}" is not a duration; write it like "500ms", "10s" or "1m".')
    return value


def _pattern(value: str) -> str:
    if not value or value.startswith("#"):
        raise ValueError(f'"{value}" is not a pattern that nginx reads; write it like "^/v[0-9]+/users".')
    if re.search(r"[\s{}\"';]", value):
        raise ValueError(f'"{value}" has a space, brace, quote or semicolon; write the pattern without it.')
    if re.search(r"\\(?![dDwWsSbB])\w", value):
        raise ValueError(f'"{value}" has an escape that nginx may not know; use \\d, \\w, \\s, \\b or the character.')
    try:
        # Nginx writes a named group without the P.
        re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", value))
    except re.error as error:
        raise ValueError(f'"{value}" is not a regular expression ({error}); correct it.') from None
    return value


UrlPath = Annotated[str, AfterValidator(_path)]
"""An absolute URL path without query."""

Duration = Annotated[str, AfterValidator(_duration)]
"""A duration with a unit (ms, s or m), as Go and Consul write it."""


class RouteSettings(Section):
    """One path of the ingress that leads to the service."""

    path: str
    """The path; for `match: regex` a regular expression (PCRE) without spaces, braces, quotes or semicolons."""

    match: Literal["exact", "prefix", "regex"] = "prefix"
    """`exact` is this path alone, `prefix` this path and everything below it."""

    idempotent: bool = False
    """True when repeating a POST does no harm: then a failed one is retried on another replica.
    Requests that carry an `Idempotency-Key` are retried in any case."""

    static: bool = False
    """True for files whose name changes with their content: clients keep them for a year."""

    body_limit_kib: Annotated[int, Field(ge=1, le=1024 * 1024)] = 1024
    """Largest request body in KiB; a larger one gets 413."""

    rate_limit_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Requests a second and client address before 429; 0 is no limit."""

    rate_limit_burst: Annotated[int, Field(ge=0, le=1_000_000)] = 50
    """Requests that may exceed the rate before 429."""

    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """Longest wait in seconds for a response before another replica is asked or 504 is answered."""

    per_try_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Shorter wait in seconds after which a GET or HEAD is asked of another replica, so that one that hangs is not
    noticed; 0 waits as long as for everything else. It must be longer than the slowest answer that is still good."""

    write_per_try_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """The same for writes that may be repeated: PUT, DELETE, and what carries an `Idempotency-Key`. Twice this is how
    long a write can wait for MySQL to have a primary again, so it is some seconds, and not more than half of what
    clients wait; 0 waits as long as for everything else."""

    @model_validator(mode="after")
    def _one_try_is_shorter(self) -> Self:
        for name in ("per_try_timeout_seconds", "write_per_try_timeout_seconds"):
            seconds = getattr(self, name)
            if seconds > self.timeout_seconds:
                raise ValueError(
                    f"{name} ({seconds}) is longer than timeout_seconds "
                    f"({self.timeout_seconds}): lower the first or raise the second."
                )
        return self

    @model_validator(mode="after")
    def _usable_path(self) -> Self:
        if self.match == "regex":
            _pattern(self.path)
        else:
            _path(self.path)
        return self


class CheckSettings(Section):
    """How Consul decides that a replica is healthy.

    The reference values of most teams are 10 s, 5 s and 30 s. With the defaults here a replica that refuses connections
    leaves the list of healthy ones after at most two intervals, 2 s, and one that hangs after at most 6 s, at the price
    of ten times the checks; until then Nginx asks another one. A replica that is only slow for a moment stays. The
    readiness of a pod on Kubernetes has times of its own: only the paths are the same.
    """

    path: UrlPath = "/health/ready"
    """Path that answers 2xx when the replica can serve."""

    live_path: UrlPath | None = None
    """Kubernetes only: path that answers 2xx unless only a restart helps, so never one that asks the database; without
    it, a TCP connection tells that the replica lives."""

    interval: Duration = "1s"
    """Time between two checks; at least 1s (Consul raises less)."""

    timeout: Duration = "2s"
    """Time after which a check has failed."""

    failures: Annotated[int, Field(ge=1, le=10)] = 2
    """Checks in a row that must fail before the replica gets no more requests. What slows down every replica for a
    moment, as a busy machine or a slow disk does, would take all of them away at once if one were enough."""

    deregister_after: Duration = "1m"
    """Time in the critical state after which a replica is forgotten; Consul raises less than 1m to 1m and looks every
    30 s, so that up to 90 s pass. A replica in the critical state gets no requests in any case."""


class EgressSettings(Section):
    """What replicas may reach outside of the stack."""

    network: Annotated[str, AfterValidator(_any_network)]
    """Network in CIDR notation, for example "203.0.113.0/24"; "0.0.0.0/0" is everything."""

    port: Port
    """TCP port there."""


class DatabaseSettings(Section):
    """The MySQL schema of a service."""

    name: Annotated[str, shaped("[a-z][a-z0-9_]{0,31}", "the name of a schema", "order_history")] | None = None
    """Name of the schema; the service's name (hyphens as underscores) when it is not given."""

    migrate: list[str] | None = None
    """Arguments that make the service apply its schema migrations and exit, for example ["migrate"]; run once for each
    image before its replicas start. None when it has no migrations."""


class AutoscalingSettings(Section):
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


@dataclass(frozen=True)
class Track:
    """One version of a service that serves: the stable one or the canary."""

    name: str
    """`stable` or `canary`."""

    context: str | None
    """Folder of its Go module; None when it has an image, or the stable track's."""

    image: str | None
    """Image that was built elsewhere; None when it has a folder, or the stable track's."""

    replicas: int
    """Number of replicas in each region."""

    environment: dict[str, str]
    """Environment variables."""

    @property
    def has_source(self) -> bool:
        """Whether it is made from something else than the stable track."""
        return self.context is not None or self.image is not None

    @property
    def suffix(self) -> str:
        """Last part of the names of its resources; empty for the stable track."""
        return "" if self.name == STABLE else f"-{self.name}"


class ServiceSettings(Section):
    """One Go service."""

    context: FilePath | None = None
    """Folder with the service's go.mod, relative to the project or absolute; this or `image` must be given. It may be
    outside of the project; the folder of the project itself, or of another stack, holds a state and is refused."""

    image: ImageReference | None = None
    """Image that was built elsewhere, instead of `context`."""

    dockerfile: FilePath = "service/Dockerfile"
    """Dockerfile in the project or in `context`, relative to the project or absolute; the default builds any Go
    module."""

    main_package: Annotated[str, shaped(_PACKAGE, "a Go package of the module", "./cmd/server")] = "."
    """Go package of the program, relative to `context`."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8080
    """Port on which the service listens inside its container; it is told in the variable PORT."""

    replicas: Annotated[int, Field(ge=1, le=20)] = 2
    """Number of replicas in each region; with `autoscaling` the lowest number."""

    routes: list[RouteSettings] = Field(default_factory=list[RouteSettings])
    """Paths of the ingress that lead here; none for a service that only others call."""

    check: CheckSettings = CheckSettings()
    """Health check."""

    environment: Variables = Field(default_factory=dict[str, str])
    """Environment variables, none of them a secret: texts, numbers, true and false, each of which arrives as text. One
    has at most 128 KiB, as Linux takes no longer one, and all of them together 512 KiB."""

    canary: CanarySettings | None = None
    """Second track, which some clients get; None for a service with one track."""

    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """What the service may be told while it runs, as a JSON document in Consul's key `services/<name>/settings`; a
    change is in force within seconds and replaces no replica. Empty: the key is absent and services use what their
    environment says. None of it a secret. The sample service knows `rate_limit_per_second`, `rate_limit_burst` and
    `features`."""

    database: DatabaseSettings | None = None
    """MySQL schema; None for a service without one."""

    memory_mib: Annotated[int, Field(ge=16, le=65536)] | None = None
    """Memory limit of a replica in MiB; 256 on Docker and 512 on Kubernetes when it is not given."""

    cpus: Annotated[float, Field(ge=0.05, le=64)] | None = None
    """CPU limit of a replica in cores; 1.0 on Docker and 0.5 on Kubernetes when it is not given."""

    memory_request_mib: Annotated[int, Field(ge=16, le=65536)] = 256
    """Kubernetes only: memory in MiB that a node must have free for a replica."""

    cpu_request: Annotated[float, Field(ge=0.01, le=64)] = 0.25
    """Kubernetes only: cores that a node must have free for a replica."""

    egress: list[EgressSettings] = Field(default_factory=list[EgressSettings])
    """Kubernetes only: what replicas may reach beside the stack itself; everything else is refused."""

    autoscaling: AutoscalingSettings | None = AutoscalingSettings()
    """Kubernetes only: how the number of replicas follows the load; null keeps it at `replicas`."""

    drain_seconds: Annotated[int, Field(ge=1, le=300)] = 3
    """Time in seconds between the deregistration of a replica and its stop signal, for requests on their way."""

    stop_seconds: Annotated[int, Field(ge=1, le=600)] = 20
    """Time in seconds that a replica has for requests in flight after its stop signal."""

    start_seconds: Annotated[int, Field(ge=5, le=600)] = 60
    """Time in seconds that a new replica has to become healthy; after that the update fails and the old one stays."""

    @field_validator("port")
    @classmethod
    def _port_of_its_own(cls, port: int) -> int:
        if port in AGENT_PORTS:
            raise ValueError(f"{port} belongs to the Consul agent in the same pod: choose another port.")
        return port

    @field_validator("settings", mode="before")
    @classmethod
    def _json_document(cls, settings: Any) -> Any:
        try:
            size = len(json.dumps(settings, allow_nan=False).encode())
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"it cannot be written as JSON ({error}): use texts, numbers, lists and mappings."
            ) from None
        if size > LARGEST_DOCUMENT:
            raise ValueError(f"it has {size} bytes as JSON: use at most {LARGEST_DOCUMENT}.")
        return settings

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.context is None and self.image is None:
            raise ValueError("context is missing: write the folder of the service's Go module, or an image.")
        if self.context is not None and self.image is not None:
            raise ValueError("there are a context and an image: remove one of them.")
        return self

    @model_validator(mode="after")
    def _own_variables_only(self) -> Self:
        require_own("environment", self.environment)
        if self.canary is not None:
            require_own("canary.environment", self.canary.environment)
            # What a replica of the canary gets is both.
            require_size("canary.environment", {**self.environment, **self.canary.environment})
        return self

    def tracks(self) -> list[Track]:
        """Return the stable track and, when there is one, the canary."""
        stable = Track(STABLE, self.context, self.image, self.replicas, self.environment)
        canary = self.canary
        if canary is None:
            return [stable]
        environment = {**self.environment, **canary.environment}
        return [stable, Track(CANARY, canary.context, canary.image, canary.replicas, environment)]

    def limits(self, platform: str) -> Limits:
        """Return what a replica may use at most on a platform."""
        usual = _LIMITS[platform]
        return Limits(self.memory_mib or usual.memory_mib, self.cpus or usual.cpus)

    def document(self) -> str | None:
        """Return `settings` as JSON text, or None when there are none."""
        # Sorted: Pulumi and a file hand the same mapping over in different orders.
        return json.dumps(self.settings, sort_keys=True, ensure_ascii=False) if self.settings else None

    def database_name(self, service: str) -> str | None:
        """Return the schema's name for the service with this name, or None without a database."""
        if self.database is None:
            return None
        return self.database.name or service.replace("-", "_")


ServiceName = Name
