"""Service-level objectives, and the alerts that fire when an error budget burns too fast.

Windows and factors are those of the SRE workbook, https://sre.google/workbook/alerting-on-slos/ (multiwindow,
multi-burn-rate): the long window tells that it matters, the short one that it still happens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from components.section import Section

_BURNS = (
    ("critical", (("1h", "5m", 14.4), ("6h", "30m", 6.0))),
    ("warning", (("1d", "2h", 3.0), ("3d", "6h", 1.0))),
)
"""Severity to long window, short window, and how many times faster than allowed the budget burns in both."""

_FEWEST_REQUESTS = 100
"""Requests in a window below which its share says nothing: one failure of them would burn any budget."""

Share = Annotated[float, Field(ge=50, le=99.999)]
"""Percent of requests."""


class Objective(Section):
    """What clients of a service are promised over 30 days, in all regions together."""

    availability: Share = 99.9
    """Percent of requests that are not answered with 5xx."""

    latency_milliseconds: Literal[5, 10, 25, 50, 100, 250, 500, 800, 1000, 2500, 5000, 10000, 30000] = 800
    """Time in milliseconds in which a request is answered."""

    latency_share: Share = 99.0
    """Percent of requests that are answered in that time."""


def objective_rules(service: str, objective: Objective) -> list[dict[str, Any]]:
    """Return the rules of a service: its share of bad requests by window, recorded, and alerts about them."""
    requests = f'ingress_requests_total{{service="{service}"}}'
    failed = f'ingress_requests_total{{service="{service}",status="5xx"}}'
    count = f'ingress_request_duration_seconds_count{{service="{service}"}}'
    bucket = objective.latency_milliseconds / 1000
    fast = f'ingress_request_duration_seconds_bucket{{service="{service}",le="{bucket:g}"}}'
    windows = sorted({window for _, burns in _BURNS for long, short, _ in burns for window in (long, short)})
    rules: list[dict[str, Any]] = []
    for window in windows:
        enough = f"(sum(increase({{}}[{window}])) >= {_FEWEST_REQUESTS})"
        bad = f"(sum(increase({failed}[{window}])) or vector(0)) / {enough.format(requests)}"
        slow = f"1 - sum(increase({fast}[{window}])) / {enough.format(count)}"
        for name, expression in (("availability", bad), ("latency", slow)):
            labels = {"service": service, "objective": name, "window": window}
            rules.append({"record": "objective:bad_share", "expr": expression, "labels": labels})
    rules += _alerts(service, "availability", objective.availability)
    rules += _alerts(service, "latency", objective.latency_share)
    return rules


def _alerts(service: str, objective: str, promised: float) -> Iterator[dict[str, Any]]:
    budget = (100 - promised) / 100
    for severity, burns in _BURNS:
        yield {
            "alert": "ErrorBudgetBurns",
            "expr": " or ".join(
                f"({_share(service, objective, long)} > {factor * budget:.6g}"
                f" and on () {_share(service, objective, short)} > {factor * budget:.6g})"
                for long, short, factor in burns
            ),
            "labels": {"severity": severity, "service": service, "objective": objective},
            "annotations": {
                "summary": f"{{{{ $value | humanizePercentage }}}} of the requests to {service} miss the {objective} "
                f"objective of {promised:g} %"
            },
        }


def _share(service: str, objective: str, window: str) -> str:
    return f'max(objective:bad_share{{service="{service}",objective="{objective}",window="{window}"}})'
