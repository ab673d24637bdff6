"""What became of the requests of a load: how many failed, for how long, and why."""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

NO_ANSWER = 0
"""Status of a request that got no answer."""

_BAD_REQUEST = 400


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    sent_at: float
    """Seconds on the wall clock."""

    seconds: float
    """Time until the answer was there."""

    status: int
    """HTTP status; 0 when there was no answer."""

    problem: str
    """Why it failed; empty when it did not."""

    method: str = "GET"
    """HTTP method."""

    body: bytes = b""
    """What was answered."""

    @property
    def ended_at(self) -> float:
        """Seconds on the wall clock."""
        return self.sent_at + self.seconds


@dataclass
class Result:
    """The answers of a load."""

    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def sent(self) -> int:
        """Number of requests."""
        return len(self.answers)

    @property
    def failures(self) -> list[Answer]:
        """Requests without an answer, or with one that says that something failed."""
        return [answer for answer in self.answers if answer.problem]

    @property
    def longest_outage(self) -> float:
        """Longest time in seconds during which every request that was sent failed; 0.0 when none did."""
        longest, since = 0.0, None
        for answer in sorted(self.answers, key=lambda item: item.sent_at):
            if not answer.problem:
                since = None
                continue
            since = answer.sent_at if since is None else since
            longest = max(longest, answer.ended_at - since)
        return longest

    @property
    def failure_span(self) -> float:
        """Time in seconds from the start of the first request that failed to the end of the last; 0.0 without any."""
        failures = self.failures
        if not failures:
            return 0.0
        return max(answer.ended_at for answer in failures) - min(answer.sent_at for answer in failures)

    @property
    def slowest(self) -> float:
        """Longest time in seconds until an answer or a failure."""
        return max((answer.seconds for answer in self.answers), default=0.0)

    @property
    def causes(self) -> Counter[str]:
        """How often each problem happened."""
        return Counter(answer.problem for answer in self.failures)

    @property
    def failures_by_second(self) -> list[str]:
        """A line for each second in which requests were sent that failed: how many of which kind, and why."""
        return by_second((answer.sent_at, f"{answer.method} {answer.problem}") for answer in self.failures)

    def percentile(self, share: float) -> float:
        """Time in seconds within which this share (0 to 1) of the requests had an answer; 0.0 without any."""
        times = sorted(answer.seconds for answer in self.answers)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    def __str__(self) -> str:
        told = f"{self.sent} requests sent, {len(self.failures)} failed, slowest {self.slowest * 1000:.0f} ms"
        reasons = [f"{problem} ({count}×)" for problem, count in self.causes.most_common(3)]
        return f"{told}; {'; '.join(reasons)}" if reasons else told


def by_second(events: Iterable[tuple[float, str]]) -> list[str]:
    """A line for each second (UTC) of events, each with its time on the wall clock: how often which happened."""
    seconds: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for moment, what in events:
        seconds[int(moment)][what] += 1
    return [
        f"{datetime.fromtimestamp(second, UTC):%H:%M:%S} "
        + "; ".join(f"{count} × {what}" for what, count in happened.most_common())
        for second, happened in sorted(seconds.items())
    ]


def merged(results: Iterable[Result]) -> Result:
    """One result of several loads that ran at the same time."""
    return Result([answer for result in results for answer in result.answers])


def read_results(lines: Iterable[str]) -> Result:
    """Read what `vegeta encode -to json` prints, one result a line."""
    return Result([_answer(json.loads(line)) for line in lines if line.strip()])


def _answer(entry: dict[str, Any]) -> Answer:
    status = int(entry["code"])
    body = base64.b64decode(entry.get("body") or "")
    return Answer(
        sent_at=datetime.fromisoformat(entry["timestamp"]).timestamp(),
        seconds=entry["latency"] / 1e9,
        status=status,
        problem=_problem(status, entry["error"], urlsplit(str(entry["url"])).netloc, body),
        method=entry["method"],
        body=body,
    )


def _problem(status: int, error: str, entry_point: str, body: bytes) -> str:
    if status >= _BAD_REQUEST:
        sentence = _sentence(body)
        return f"{entry_point} answered {status}: {sentence}" if sentence else f"{entry_point} answered {status}"
    if status == NO_ANSWER or error:
        # The addresses of single connections would make every failure a cause of its own.
        return f"{entry_point}: {error.rsplit(': ', 1)[-1] or 'no answer'}"
    return ""


def _sentence(body: bytes) -> str:
    """The `message` of an answer in JSON, as services and ingresses give one; empty without."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(body)["message"])
    return ""
