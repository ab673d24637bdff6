"""What clients get from the services of a stack at this moment, by the metrics that alerts are judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tools.gostack.alerts.command import firing
from tools.gostack.status.model import ReplicaCount, Traffic
from tools.gostack.telemetry.console import Console, TelemetryError

_MINUTE = 60

_By = tuple[str, str, str]
"""Service, track and region."""


def with_traffic(counts: Sequence[ReplicaCount], console: Console | None) -> list[ReplicaCount]:
    """Return rows with what clients get there; as they are when there is no console, or it does not answer."""
    found: Mapping[_By, Traffic] = _traffic(console) if console else {}
    return [replace(one, traffic=found.get((one.service, one.track, one.region))) for one in counts]


def firing_alerts(console: Console | None) -> int | None:
    """Return how many alerts fire; None when nobody can tell."""
    try:
        return len(firing(console)) if console else None
    except TelemetryError:
        return None


def _traffic(console: Console) -> Mapping[_By, Traffic]:
    def grown(series: str, also: str = "") -> str:
        return f"sum by (service, track, region{also}) (increase({series}[{_MINUTE}s]))"

    try:
        requests = _by(console, grown("ingress_requests_total"))
        errors = _by(console, grown('ingress_requests_total{status="5xx"}'))
        buckets = grown("ingress_request_duration_seconds_bucket", ", le")
        p99 = _by(console, f"histogram_quantile(0.99, {buckets})")
    except TelemetryError:
        return {}
    return {
        key: Traffic(
            requests_per_second=number / _MINUTE,
            error_percent=100 * errors.get(key, 0) / number if number else None,
            p99_milliseconds=1000 * p99[key] if key in p99 else None,
        )
        for key, number in requests.items()
    }


def _by(console: Console, query: str) -> Mapping[_By, float]:
    return {
        (one.labels.get("service", ""), one.labels.get("track", ""), one.labels.get("region", "")): one.value
        for one in console.now(query)
    }
