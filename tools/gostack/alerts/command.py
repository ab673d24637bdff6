"""`gostack alerts`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import urllib3

from tools.gostack.columns import aligned
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace

FIRING = 1
WATCHDOG = "Watchdog"
"""The alert that always fires while rules are evaluated."""

_PATH = "/alerts/api/v1/alerts"
_SECONDS = 10


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
    found = firing(console_url(workspace.outputs(), workspace.stack))
    if as_json:
        print(json.dumps([asdict(alert) for alert in found]))
    else:
        print(as_text(found))
    return FIRING if found else 0


def console_url(outputs: Mapping[str, Any], stack: str) -> str:
    """Return the console's URL from a stack's outputs; raises UserError where there is none."""
    if not outputs.get("regions"):
        raise UserError(f"the stack {stack} is not up: run `make up`.")
    url = mapping(outputs.get("dashboards")).get("console")
    if not url:
        raise UserError(f"the stack {stack} has no telemetry: set gostack:telemetry.enabled to true.")
    return str(url)


def firing(console: str) -> list[Alert]:
    """Return what fires but the watchdog, what is critical first; raises UserError when the console cannot tell."""
    fires = [alert for alert in _asked(console) if alert.get("state") == "firing"]
    if WATCHDOG not in [alert.get("name") for alert in fires]:
        raise UserError(
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


def _asked(console: str) -> Sequence[Mapping[str, Any]]:
    url = console.rstrip("/") + _PATH
    try:
        answer = urllib3.request("GET", url, retries=False, redirect=False, timeout=_SECONDS)
        document = answer.json() if answer.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise UserError(
            f"{url} does not answer ({type(error).__name__}): see whether the telemetry's containers run."
        ) from None
    if document is None:
        raise UserError(f"{url} answers {answer.status}: see whether the telemetry's containers run.")
    return mappings(mapping(mapping(document).get("data")).get("alerts"))


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
