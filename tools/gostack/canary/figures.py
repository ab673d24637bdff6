"""What clients got from each track of a service, from the ingress's own access log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SERVER_FAILED = 500
_PERCENTILE = 0.99
_NUMBERS = re.compile(r"[0-9.]+")


@dataclass(frozen=True)
class Sample:
    """One request, as the ingress saw it."""

    failed: bool
    """Whether the answer, or an attempt to get one, was a 5xx."""

    seconds: float
    """Time that the service took, over all attempts."""

    logged_at: float = math.inf
    """When it was answered, in whole seconds on the wall clock; infinite when that is not known."""


@dataclass
class Figures:
    """The requests of one track."""

    samples: list[Sample] = field(default_factory=list[Sample])

    @property
    def requests(self) -> int:
        """Number of requests."""
        return len(self.samples)

    @property
    def errors(self) -> int:
        """Number of those that failed."""
        return sum(sample.failed for sample in self.samples)

    @property
    def error_percent(self) -> float:
        """Share in percent of those that failed; 0.0 without any request."""
        return 100 * self.errors / self.requests if self.requests else 0.0

    @property
    def p99_milliseconds(self) -> float:
        """Time in which 99 % of the requests were answered (nearest rank); 0.0 without any request."""
        if not self.samples:
            return 0.0
        ranked = sorted(sample.seconds for sample in self.samples)
        return 1000 * ranked[math.ceil(_PERCENTILE * len(ranked)) - 1]

    @property
    def first_at(self) -> float:
        """When the first of them was answered, in seconds on the wall clock; infinite without any request."""
        return min((sample.logged_at for sample in self.samples), default=math.inf)

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {self.errors} errors ({self.error_percent:.2f} %), "
            f"P99 {self.p99_milliseconds:.0f} ms"
        )


def by_track(lines: Iterable[str], service: str) -> dict[str, Figures]:
    """Return track to figures of the requests for `service` in an ingress's log; other lines do not count."""
    tracks: dict[str, Figures] = {}
    for line in lines:
        entry = _entry(line)
        if entry.get("upstream_service") == service and entry.get("upstream_status"):
            figures = tracks.setdefault(str(entry["track"]), Figures())
            figures.samples.append(_sample(entry))
    return tracks


def _entry(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return {}


def _sample(entry: dict[str, Any]) -> Sample:
    # Several attempts stand in one field: "502, 200", and "502 : 200" where another group of replicas was asked.
    statuses = [int(number) for number in _numbers(entry["upstream_status"])]
    return Sample(
        failed=max([int(entry["status"]), *statuses]) >= SERVER_FAILED,
        seconds=sum(float(number) for number in _numbers(entry.get("upstream_seconds", ""))),
        logged_at=datetime.fromisoformat(entry["timestamp"]).timestamp() if "timestamp" in entry else math.inf,
    )


def _numbers(text: str) -> Sequence[str]:
    return _NUMBERS.findall(text)
