"""Settings of the telemetry: what is kept of a stack's metrics, logs and traces, and where they are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.alert_receivers import AlertReceiver, AlertReceivers
from infra.settings.base import Port, Section, shaped
from infra.settings.sentences import missing_registry, only_on

if TYPE_CHECKING:
    from infra.settings.model import Settings

# What Python's expressions have and RE2 has not: looking around, references to groups, conditions.
_NOT_RE2 = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9]|[*+?}]\+")


def _expression(value: str) -> str:
    try:
        expression = re.compile(value)
    except re.error as error:
        raise ValueError(f'"{value}" is not a regular expression ({error}); correct it.') from None
    if _NOT_RE2.search(value):
        raise ValueError(f'"{value}" looks around, or back to a group, which RE2 does not know: write it without.')
    if expression.search(""):
        raise ValueError(f'"{value}" fits a text of no letters, so it would strike out everything: make it longer.')
    return value


class TelemetrySettings(Section):
    """Metrics, logs, traces and alerts of everything in the stack, and the console that shows them."""

    enabled: bool | None = None
    """Whether the stack has it. On Docker it has when nothing is said, on Kubernetes it has not; on AWS, where each
    region is a cluster of its own, it cannot have it yet."""

    port: Port = 8900
    """On Docker: port of this machine that leads to the console (no TLS, no login: it listens on 127.0.0.1 only)."""

    grafana: bool = False
    """On Docker: whether Grafana runs beside the console, with the console's charts as dashboards."""

    grafana_port: Port = 8901
    """On Docker: port of this machine that leads to Grafana (no TLS, no login: it listens on 127.0.0.1 only)."""

    metrics_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days for which metrics are kept."""

    logs_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """Days for which logs and traces are kept."""

    disk_gib: Annotated[int, Field(ge=1, le=65536)] = 2
    """Disk in GiB that logs and traces may take. Beyond it the oldest day goes, whatever `logs_days` says."""

    redact: Annotated[list[Annotated[str, AfterValidator(_expression)]], Field(max_length=50)] = Field(
        default_factory=list[str]
    )
    """Regular expressions (RE2) of what is struck out of logs and traces before they are kept, for example
    "[0-9]{13,19}"."""

    receivers: AlertReceivers = Field(default_factory=dict[str, AlertReceiver])
    """Name to who is told of alerts, by Alertmanager; none: the console and `gostack alerts` say what fires."""

    docker_root: Annotated[str, shaped(r"(/[\w.-]+)+", "the path of a folder", "/var/lib/docker")] = "/var/lib/docker"
    """On Docker: folder of the engine on its machine, with the logs of containers in it: `docker info -f
    '{{.DockerRootDir}}'` prints it."""

    @model_validator(mode="after")
    def _drawn_from_what_is_kept(self) -> Self:
        if self.grafana and self.enabled is False:
            raise ValueError("grafana has nothing to show with enabled: false: remove one of them.")
        return self


_DOCKER_ONLY = ("port", "grafana", "grafana_port", "docker_root")


def telemetry_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each key of the telemetry that the platform cannot have, and about what it lacks there."""
    given = sorted(settings.telemetry.model_fields_set)
    if settings.platform == "docker":
        return
    for key in given:
        if settings.aws is not None and (key != "enabled" or settings.telemetry.enabled):
            yield (
                f"gostack:telemetry.{key} has no meaning with gostack:aws so far, where each region is a cluster of "
                "its own: remove it."
            )
        elif key in _DOCKER_ONLY:
            yield only_on("docker", f"gostack:telemetry.{key}")
        elif key != "enabled" and not settings.telemetry.enabled:
            yield (
                f"gostack:telemetry.{key} means nothing on Kubernetes without gostack:telemetry.enabled: set that to "
                "true, or remove it."
            )
    if settings.has_telemetry and not settings.registry:
        yield missing_registry("what collects and shows the telemetry")
