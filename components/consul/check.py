"""How a replica is checked. Declared once: the stack file, its registration in Consul and a pod's probes share it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from components.section import PortName, Section, shaped

_PATH_WITH_QUERY = r"/[A-Za-z0-9._~!*,;=:@%/-]*(\?[A-Za-z0-9._~!*,;=:@%/?&+-]*)?"
_ASKED = ("http", "tcp", "grpc")
_PROTOCOLS_OF = {
    "path": ("http",),
    "liveness_path": ("http",),
    "command": ("command",),
    **dict.fromkeys(("port", "interval", "timeout", "failures"), _ASKED),
}
"""Key to the protocols with which it has a meaning."""


CheckPath = Annotated[str, shaped(_PATH_WITH_QUERY, "a URL path with or without a query", "/health?full=1")]
"""An absolute URL path, with or without a query."""

Duration = Annotated[str, shaped("[1-9][0-9]{0,5}(ms|s|m)", "a duration", '500ms", "10s" or "1m')]
"""A duration with a unit (ms, s or m), as Go and Consul write it."""


class Check(Section):
    """How Consul decides that a replica is healthy.

    The reference values of most teams are 10 s, 5 s and 30 s. With the defaults here a replica that refuses connections
    leaves the list of healthy ones after at most two intervals, 2 s, and one that hangs after at most 6 s, at the price
    of ten times the checks; until then Nginx asks another one. A replica that is only slow for a moment stays. However
    long one was ill, it is in traffic again as soon as a check passes. The readiness of a pod on Kubernetes has times
    of its own: only protocol and paths are the same.

    The address that is asked is the one that clients use: a program that listens on 127.0.0.1 alone is not healthy.
    """

    protocol: Literal["http", "tcp", "grpc", "command"] = "http"
    """`http` asks for `path`; `tcp` opens a connection; `grpc` asks the server by gRPC health checking
    (grpc.health.v1.Health/Check, without TLS) for the empty service name, which stands for all of it; `command` runs a
    program in the replica, for a worker."""

    port: PortName | None = None
    """Name of the port that is asked, one of the service's `ports`; its `port` when it is not given."""

    path: CheckPath = "/health/ready"
    """For `http`: path, with or without a query, that answers 2xx when the replica can serve."""

    liveness_path: CheckPath | None = None
    """Kubernetes only, for `http`: path, with or without a query, that answers 2xx unless only a restart helps, so
    never one that asks the database; without it, a TCP connection tells that the replica lives."""

    command: list[str] = Field(default_factory=list[str])
    """For a worker: program of its image and arguments, for example ["/service", "healthy"], which ends with 0 while
    all is well. It is run without a shell, every few seconds, and says by itself that `protocol` is `command`."""

    interval: Duration = "1s"
    """Time between two checks; at least 1s (Consul raises less)."""

    timeout: Duration = "2s"
    """Time after which a check has failed."""

    failures: Annotated[int, Field(ge=1, le=10)] = 2
    """Checks in a row that must fail before the replica gets no more requests. What slows down every replica for a
    moment, as a busy machine or a slow disk does, would take all of them away at once if one were enough."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_forgotten(cls, values: Any) -> Any:
        if isinstance(values, dict) and "deregister_after" in values:
            raise ValueError(
                "deregister_after is no setting any more, because a replica stays registered however long it is ill: "
                "remove it."
            )
        return values  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="before")
    @classmethod
    def _a_command_is_a_protocol(cls, values: Any) -> Any:
        if isinstance(values, dict) and "command" in values:
            return {"protocol": "command", **cast("dict[str, Any]", values)}
        return values  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _keys_of_the_protocol(self) -> Self:
        for key, protocols in _PROTOCOLS_OF.items():
            if key in self.model_fields_set and self.protocol not in protocols:
                raise ValueError(f"{key} means nothing with protocol {self.protocol}: remove one of them.")
        if self.protocol == "command" and not self.command:
            raise ValueError('command is missing: write the program that tells, like ["/service", "healthy"].')
        return self
