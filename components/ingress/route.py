"""A route: one path of the ingress and how requests to it are handled.

Declared once: the stack file, the component and the renderer of Nginx's configuration share it. A new option is one
field here, one place in `templates/route.conf.j2` that uses it, and one test.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import unquote

from pydantic import AfterValidator, Field, model_validator

from components.ingress.names import (
    cors_origin,
    response_header,
    retried_status,
    url_path,
    url_pattern,
    visible_text,
    without_names,
)
from components.section import PortName, Section


class Match(StrEnum):
    """How a route's path is compared with a request's."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


class Protocol(StrEnum):
    """What clients and the service speak on a route."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    SSE = "sse"
    GRPC = "grpc"


class Retry(Section):
    """When a request is asked of another replica. A replica that cannot be reached always costs another try."""

    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """Replicas at most that may begin the request."""

    statuses: Annotated[list[Annotated[int, AfterValidator(retried_status)]], Field(max_length=7)] = Field(
        default_factory=list[int]
    )
    """Answers of the service, among 403, 404, 429, 500, 502, 503 and 504, after which another replica is asked. None by
    default: the service's answer is the client's. A POST without `Idempotency-Key` is never repeated for them."""

    other_regions: bool = False
    """True: a request that a replica has begun, and that can be repeated, may go on in another region when no other
    replica of this one could be asked. A request that ends the process that serves it then reaches both regions."""


class ResponseHeaders(Section):
    """Headers of the service's answers that the ingress changes."""

    set: dict[Annotated[str, AfterValidator(response_header)], Annotated[str, AfterValidator(visible_text)]] = Field(
        default_factory=dict[str, str]
    )
    """Name to value; the service's own header of that name is left out."""

    remove: list[Annotated[str, AfterValidator(response_header)]] = Field(default_factory=list[str])
    """Names that are left out, also the security headers that the ingress adds where a service sends none."""


class Cors(Section):
    """Which pages of other origins may call the route: the ingress answers their preflights and writes the headers in
    the service's place."""

    origins: Annotated[list[Annotated[str, AfterValidator(cors_origin)]], Field(min_length=1)]
    """Origins such as "https://app.example.com", or "*" for every one."""

    methods: list[Annotated[str, Field(pattern=r"^[A-Z]+$")]] = Field(
        default=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    )
    """Methods that a page may use."""

    headers: list[Annotated[str, AfterValidator(response_header)]] = Field(
        default=["Authorization", "Content-Type", "Idempotency-Key"]
    )
    """Request headers that a page may send."""

    expose: list[Annotated[str, AfterValidator(response_header)]] = Field(default=["X-Request-ID", "X-Trace-ID"])
    """Response headers that a page may read."""

    credentials: bool = False
    """True allows cookies and logins; then `origins` must name each origin."""

    max_age_seconds: Annotated[int, Field(ge=0, le=86400)] = 600
    """Time in seconds for which a browser may keep the answer to a preflight."""

    @model_validator(mode="after")
    def _logins_are_for_known_origins(self) -> Self:
        if self.credentials and "*" in self.origins:
            raise ValueError('cors.credentials is true and cors.origins has "*": name each origin.')
        return self


class Route(Section):
    """One path of the ingress that leads to the service."""

    path: str
    """The path; for `match: regex` a regular expression (PCRE) without spaces, braces, quotes or semicolons."""

    match: Annotated[Match, Field(strict=False)] = Match.PREFIX
    """`exact` is this path alone, `prefix` this path and everything below it."""

    protocol: Annotated[Protocol, Field(strict=False)] = Protocol.HTTP
    """`http` recognises what upgrades (websocket) and what accepts `text/event-stream`, and lets both stay quiet for
    `idle_timeout_seconds`. `websocket` and `sse` do so for every request of the route. `grpc` is gRPC over HTTP/2, with
    trailers; the service listens without TLS."""

    port: PortName | None = None
    """Name of the port that the route leads to, one of the service's `ports` with a `protocol`; its `port` when it is
    not given."""

    hosts: list[str] = Field(default_factory=list[str])
    """Those of `gostack:ingress.hosts` on which the route is served; every one by default."""

    strip_prefix: bool = False
    """True: the service gets the path without the route's own (/shop/cities as /cities), and `X-Forwarded-Prefix`.
    Redirects and cookie paths of its answers get the prefix back."""

    idempotent: bool = False
    """True when repeating a POST does no harm: then a failed one is retried on another replica.
    Requests that carry an `Idempotency-Key` are retried in any case."""

    static: bool = False
    """True for files whose name changes with their content: clients keep them for a year."""

    body_limit_kib: Annotated[int, Field(ge=1, le=10 * 1024 * 1024)] = 1024
    """Largest request body in KiB; a larger one gets 413. Bodies of more than 64 KiB, and those whose length is not
    known, are streamed to the service; they are not repeated once a replica has begun with them. Not for `grpc`."""

    rate_limit_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Requests a second and client address before 429; 0 is no limit."""

    rate_limit_burst: Annotated[int, Field(ge=0, le=1_000_000)] = 50
    """Requests that may exceed the rate before 429."""

    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """Longest wait in seconds for an answer to begin, and for it to go on; then the client gets 504. The request is not
    begun a second time."""

    idle_timeout_seconds: Annotated[int, Field(ge=1, le=86400)] = 3600
    """Longest time in seconds for which an upgraded connection, an event stream or a gRPC call may be quiet."""

    per_try_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Shorter wait in seconds after which a GET or HEAD is asked of another replica, so that one that hangs is not
    noticed; 0 asks no other. It must be longer than the slowest answer that is still good."""

    write_per_try_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """The same for writes that may be repeated: PUT, DELETE, and what carries an `Idempotency-Key`. Twice this is how
    long a write can wait for MySQL to have a primary again, so it is some seconds, and not more than half of what
    clients wait; 0 asks no other."""

    retry: Retry = Retry()
    """When another replica is asked."""

    buffering: bool = False
    """True: the ingress takes the answer off the replica into buffers of 256 KiB before a slow client has read it. By
    default each part reaches the client as soon as the service has written it."""

    compression: bool = False
    """True: the ingress compresses text and JSON that the service has not compressed. A strong `ETag` becomes a weak
    one then."""

    headers: ResponseHeaders = ResponseHeaders()
    """Changes to the answer's headers."""

    login: str | None = None
    """Name of one of `gostack:ingress.logins`, which a client needs before the request reaches the service. Answers to
    preflights of `cors` need none."""

    client_certificate: bool = False
    """True: only clients with a certificate, which the route's hosts ask for (`gostack:ingress.sites`); others get 403.
    Needed where a host's `client_certificates` are not `required`."""

    cors: Cors | None = None
    """Pages of other origins that may call the route; without it, the service answers them itself."""

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
        if self.match is Match.REGEX:
            url_pattern(self.path)
        else:
            url_path(self.path)
        return self

    @model_validator(mode="after")
    def _usable_together(self) -> Self:
        if self.strip_prefix and (self.match is not Match.PREFIX or self.path == "/"):
            raise ValueError('strip_prefix needs match "prefix" and a path longer than "/": remove strip_prefix.')
        if self.protocol is Protocol.GRPC:
            for key, given in (
                ("strip_prefix", self.strip_prefix),
                ("cors", self.cors is not None),
                ("static", self.static),
                ("buffering", self.buffering),
                ("compression", self.compression),
                ("per_try_timeout_seconds", self.per_try_timeout_seconds),
                ("write_per_try_timeout_seconds", self.write_per_try_timeout_seconds),
            ):
                if given:
                    raise ValueError(f'{key} has no meaning with protocol "grpc": remove it.')
        return self

    def location_heads(self) -> list[str]:
        """Return what stands behind `location` in nginx's configuration; no two routes of a host may share one."""
        if self.match is Match.REGEX:
            return [f"~ {without_names(self.path)}"]
        path = quoted(decoded_path(self.path))
        if self.match is Match.EXACT:
            return [f"= {path}"]
        # "/users" as a prefix is /users and /users/…, not /usersandmore.
        return [path] if self.path.endswith("/") else [f"= {path}", quoted(f"{decoded_path(self.path)}/")]


def decoded_path(path: str) -> str:
    """Return a path as nginx compares it: percent encoding undone."""
    return unquote(path)


def quoted(text: str) -> str:
    """Return text as one word of nginx's configuration."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
