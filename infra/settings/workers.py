"""What a worker may not say, and what only a worker may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings.services import ServiceSettings

_FOR_CALLERS = ("routes", "canary", "ports", "drain_seconds", "maintenance")


def kind_problems(service: ServiceSettings) -> Iterator[str]:
    """Yield a sentence about each key that means nothing for a service of its kind."""
    given = service.model_fields_set
    if service.kind == "service":
        if "min_ready_seconds" in given:
            yield "min_ready_seconds means nothing for a service, which its check judges: remove it."
        if service.check.protocol == "command":
            yield (
                "check.command is for a worker: a service is checked where its clients go, so write protocol http, tcp "
                "or grpc, or kind: worker."
            )
        return
    for key in _FOR_CALLERS:
        if key in given and getattr(service, key):
            yield f"{key} means nothing for a worker, which nobody calls: remove it, or kind."
    if service.metrics is not None:
        yield "metrics means nothing for a worker, which Consul does not know: remove it."
    if "port" in given and service.own_port is None:
        yield (
            "port means nothing for a worker without a check by http, tcp or grpc: remove it, or add "
            "check: {protocol: tcp}."
        )
    if service.judged_by is not None:
        if "min_ready_seconds" in given:
            yield "min_ready_seconds means nothing beside check, by which this worker is judged: remove one of them."
    elif service.min_ready_seconds > service.startup_timeout_seconds:
        yield (
            f"min_ready_seconds is {service.min_ready_seconds}, longer than startup_timeout_seconds "
            f"({service.startup_timeout_seconds}), in which all of it has to pass: raise that one."
        )
