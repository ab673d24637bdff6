"""`gostack alerts`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tools.gostack.columns import aligned
from tools.gostack.documents import mapping
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.telemetry.console import Console, TelemetryError, console_of

FIRING = 1
WATCHDOG = "Watchdog"
"""The alert that always fires while rules are evaluated."""


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


def alerts(workspace: Workspace, *, as_json: bool = False) -> int:
    """Show what fires on a stack, and return 0 when it is nothing, else 1.

    `as_json` prints a list of objects with the keys `name`, `severity`, `service`, `region`, `since`, `summary`.
    Raises UserError where nobody can tell: the stack is not up, has no telemetry, or evaluates no rules.
    """
    found = firing(console_of(workspace.outputs(), workspace.stack))
    if as_json:
        print(json.dumps([asdict(alert) for alert in found]))
    else:
        print(as_text(found))
    return FIRING if found else 0


def firing(console: Console) -> list[Alert]:
    """Return what fires but the watchdog, critical ones first; raises TelemetryError when the console cannot tell."""
    fires = [alert for alert in console.alerts() if alert.get("state") == "firing"]
    if WATCHDOG not in [alert.get("name") for alert in fires]:
        raise TelemetryError(
            f"{WATCHDOG}, which always fires, does not: the rules are not evaluated, or not yet. Try again in a "
            "minute; then see whether the telemetry's containers run."
        )
    found = [_alert(alert) for alert in fires if alert.get("name") != WATCHDOG]
    return sorted(found, key=lambda alert: (alert.severity, alert.name, alert.service, alert.region))


def as_text(found: Sequence[Alert]) -> str:
    """Return aligned columns."""
    if not found:
        return "nothing fires."
    heading = ("alert", "severity", "service", "region", "since", "summary")
    rows = [heading, *(tuple(asdict(alert).values()) for alert in found)]
    return "\n".join([*aligned(rows), "", "What to do: docs/alerts.md"])


def _alert(found: Mapping[str, Any]) -> Alert:
    labels, annotations = mapping(found.get("labels")), mapping(found.get("annotations"))
    return Alert(
        name=str(found.get("name", "")),
        severity=str(labels.get("severity", "")),
        service=str(labels.get("service", "")),
        region=str(labels.get("region", "")),
        since=str(found.get("activeAt", "")).partition(".")[0].removesuffix("Z").replace("T", " "),
        summary=str(annotations.get("summary", "")),
    )
