"""What the tracks of a service did since a moment, from the stack's metrics."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from components.ingress.tracks import CANARY, STABLE
from components.telemetry.configuration import TRACKS_INTERVAL_SECONDS
from tools.gostack.telemetry.console import Console, TelemetryError

_ROUNDING_SECONDS = 1
"""The store rounds down to whole seconds what is now."""

SETTLED_SECONDS = TRACKS_INTERVAL_SECONDS + _ROUNDING_SECONDS + 1
"""Time in seconds until what was answered before a moment is counted by a reading of the counters for certain."""

_READ_TO = "ingress_read_to_timestamp_seconds"
_LONGEST_GAP = "15s"
"""Time between two readings of the counters beyond which nobody knows what they were at a moment."""


@dataclass(frozen=True)
class Figures:
    """The requests of one track."""

    requests: int = 0
    """Number of requests that were led to it."""

    errors: int = 0
    """Number of those of which the answer, or an attempt to get one, was a 5xx."""

    p99_milliseconds: float = 0.0
    """Time in which it answered 99 % of them, over all attempts; 0.0 without any request."""

    @property
    def error_percent(self) -> float:
        """Share in percent of those that failed; 0.0 without any request."""
        return 100 * self.errors / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        return (
            f"{self.requests} requests, {self.errors} errors ({self.error_percent:.2f} %), "
            f"P99 {self.p99_milliseconds:.0f} ms"
        )


@dataclass(frozen=True)
class Sample:
    """Figures of both tracks over all regions."""

    canary: Figures = Figures()
    stable: Figures = Figures()

    age_seconds: float = math.inf
    """What was answered longer ago than this is in them, in every region; infinite where that is not known."""

    gap: str = ""
    """Why it is not known; else empty."""


def figures_by(
    console: Console, label: str, window: str, *, buckets: str, errors: str, requests: str
) -> dict[str, Figures]:
    """Return each value of a label to its figures over a window like `43s`; raises TelemetryError.

    `buckets`, `errors` and `requests` select counters in PromQL: those of a histogram, and of how many there were.
    """

    def grown(series: str, also: str = "") -> str:
        # Of a series that is new, all of its first value counts, too. `increase` would guess.
        return f"sum by ({label}{also}) (increase_pure({series}[{window}]))"

    def values(query: str) -> dict[str, float]:
        return {one.labels.get(label, ""): one.value for one in console.now(query)}

    # In this order: what is asked later has more, and so no error is without its request.
    p99 = values(f"histogram_quantile(0.99, {grown(buckets, ', le')})")
    failed = values(grown(errors))
    return {
        name: Figures(round(number), round(failed.get(name, 0)), 1000 * p99.get(name, 0))
        for name, number in values(grown(requests)).items()
    }


class TrackMetrics:
    """Figures of a service's tracks since a moment. What is later than the metrics is `age_seconds`, not an error."""

    def __init__(
        self, console: Console, service: str, regions: Iterable[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._service = service
        self._regions = frozenset(regions)
        self._clock = clock
        self._since = clock()

    def restart(self) -> None:
        """Forget everything until now, and what is counted together with it."""
        self._since = self._clock() + SETTLED_SECONDS

    def check(self) -> None:
        """Raise TelemetryError when the metrics cannot be asked, or know nothing of a region."""
        unknown = self._regions - self._ages("").keys()
        if unknown:
            raise TelemetryError(
                f"{_no_metrics(unknown)}: run `make up`, and see whether the telemetry's containers run."
            )

    def sample(self) -> Sample:
        """Return the figures that there are, which may be none."""
        seconds = self._clock() - self._since
        if seconds <= 0:
            return Sample(gap="nothing is measured yet")
        try:
            return self._sample(f"{1000 * seconds:.0f}ms")
        except TelemetryError as error:
            return Sample(gap=str(error))

    def seconds_since_first(self) -> float:
        """Time since the canary's first request, a little too long rather than too short; 0.0 without any, or
        while the metrics cannot be asked."""
        seconds = int(self._clock() - self._since)
        query = f"sum({self._of('duration_seconds_count', CANARY)}) or vector(0)"
        try:
            read = self._console.since(query, seconds) if seconds > 0 else []
        except TelemetryError:
            return 0.0
        for (before, value), (_, next_value) in pairwise(read):
            if next_value > value:
                # It was after the reading before this one.
                return read[-1][0] - before + TRACKS_INTERVAL_SECONDS
        return 0.0

    def _sample(self, window: str) -> Sample:
        # In this order: whatever comes in between two questions, what is asked later reaches as far as `ages` says. A
        # region whose counters nobody read at the moment has figures of another one.
        ages = self._ages(f" and on (region) last_over_time({_READ_TO}[{_LONGEST_GAP}] offset {window})")
        found = figures_by(
            self._console,
            "track",
            window,
            buckets=self._of("duration_seconds_bucket"),
            errors=self._of("failures_total"),
            requests=self._of("duration_seconds_count"),
        )
        unknown = self._regions - ages.keys()
        return Sample(
            found.get(CANARY, Figures()),
            found.get(STABLE, Figures()),
            age_seconds=math.inf if unknown else max(ages[region] for region in self._regions),
            gap=_no_metrics(unknown) if unknown else "",
        )

    def _ages(self, condition: str) -> dict[str, float]:
        """Region to how long ago the last request was answered that is counted for certain, where it is known."""
        found = self._console.now(f"time() - min by (region) ({_READ_TO}){condition}")
        return {one.labels.get("region", ""): one.value + _ROUNDING_SECONDS for one in found}

    def _of(self, series: str, track: str = "") -> str:
        which = f',track="{track}"' if track else ""
        return f'ingress_service_{series}{{service="{self._service}"{which}}}'


def _no_metrics(regions: Iterable[str]) -> str:
    return f"there are no metrics of {', '.join(sorted(regions))}"
