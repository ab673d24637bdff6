"""`gostack alerts`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from docker.errors import DockerException

from tools.gostack.alerts.silences import WATCHDOG, Silence, alertmanager_of, at
from tools.gostack.columns import aligned
from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.telemetry.console import Console, TelemetryError
from tools.gostack.telemetry.forwarding import reached_console

FIRING = 1


@dataclass(frozen=True)
class Alert:
    """An alert that fires."""

    name: str
    """Name, by which docs/alerts.md says what to do."""

    severity: str
    """`critical` or `warning`."""

    service: str
    """Service that it is about; empty for none."""

    region: str
    """Region that it is about; empty for none, or for all."""

    since: str
    """Time at which it began, in UTC."""

    summary: str
    """One sentence."""

    silenced_until: str = ""
    """Time in UTC until which nobody is told; empty for one of which somebody may be."""


def alerts(workspace: Workspace, *, as_json: bool = False) -> int:
    """Show what fires on a stack, and return 0 when it is nothing, else 1.

    `as_json` prints a list of objects with the keys `name`, `severity`, `service`, `region`, `since`, `summary`,
    `silenced_until`. One that is silenced fires all the same.
    Raises UserError where nobody can tell: the stack is not up, has no telemetry, or evaluates no rules.
    """
    found = firing(reached_console(workspace), _silences(workspace))
    if as_json:
        print(json.dumps([asdict(alert) for alert in found]))
    else:
        print(as_text(found))
    return FIRING if found else 0


def firing(console: Console, silences: Sequence[Silence] = ()) -> list[Alert]:
    """Return what fires but the watchdog, critical ones first; raises TelemetryError when the console cannot tell."""
    fires = [alert for alert in console.alerts() if alert.get("state") == "firing"]
    if WATCHDOG not in [alert.get("name") for alert in fires]:
        raise TelemetryError(
            f"{WATCHDOG}, which always fires, does not: the rules are not evaluated, or not yet. Try again in a "
            "minute; then see whether the telemetry's containers run."
        )
    found = [_alert(alert, silences) for alert in fires if alert.get("name") != WATCHDOG]
    return sorted(found, key=lambda alert: (alert.severity, alert.name, alert.service, alert.region))


def as_text(found: Sequence[Alert]) -> str:
    """Return aligned columns."""
    if not found:
        return "nothing fires."
    heading = ("alert", "severity", "service", "region", "since", "summary")
    rows = [(one.name, one.severity, one.service, one.region, one.since, _summary(one)) for one in found]
    return "\n".join([*aligned([heading, *rows]), "", "What to do: docs/alerts.md"])


def _summary(alert: Alert) -> str:
    return f"(silenced until {alert.silenced_until}) {alert.summary}" if alert.silenced_until else alert.summary


def _silences(workspace: Workspace) -> list[Silence]:
    try:
        alertmanager = alertmanager_of(workspace)
        return alertmanager.silences() if alertmanager is not None else []
    except (UserError, DockerException) as error:
        # What fires is known all the same.
        print(f"note: nobody knows what is silenced: {error}", file=sys.stderr)
        return []


def _alert(found: Mapping[str, Any], silences: Sequence[Silence]) -> Alert:
    labels, annotations = mapping(found.get("labels")), mapping(found.get("annotations"))
    name = str(found.get("name", ""))
    return Alert(
        name=name,
        severity=str(labels.get("severity", "")),
        service=str(labels.get("service", "")),
        region=str(labels.get("region", "")),
        since=at(found.get("activeAt")),
        summary=str(annotations.get("summary", "")),
        silenced_until=max((one.until for one in silences if one.fits({**labels, "alertname": name})), default=""),
    )
