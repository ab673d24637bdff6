"""Figures from an ingress's log, the judgement on them, and the walk that follows from it.

Does not prove that a real ingress writes such a log, nor that traffic follows:
tests/integration/test_12_canary.py does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures, Sample, by_track
from tools.gostack.canary.judgement import objection
from tools.gostack.canary.walk import Outcome, ShiftError, walk

LIMITS = AnalysisSettings(steps=[5, 50, 100], interval_seconds=10, checks=2, threshold=2, minimum_requests=10)


def line(
    track: str,
    status: int = 200,
    upstream: str = "200",
    seconds: str = "0.010",
    service: str = "users",
    timestamp: str = "2026-11-22T03:00:00+00:00",
) -> str:
    return json.dumps(
        {
            "timestamp": timestamp,
            "upstream_service": service,
            "track": track,
            "status": status,
            "upstream_status": upstream,
            "upstream_seconds": seconds,
        }
    )


def figures(requests: int, errors: int = 0, milliseconds: int = 10, slow: int = 0) -> Figures:
    return Figures(
        [
            Sample(failed=number < errors, seconds=0.9 if number < slow else milliseconds / 1000)
            for number in range(requests)
        ]
    )


def test_requests_are_counted_by_track_and_only_those_of_the_service() -> None:
    log = [line("stable"), line("canary"), line("canary", 500, "500"), line("canary", service="greeter")]
    log += ["nginx: a line that is none of the access log", "{broken", line("canary", 400, upstream="")]
    tracks = by_track(log, "users")
    assert {track: (found.requests, found.errors) for track, found in tracks.items()} == {
        "stable": (1, 0),
        "canary": (2, 1),
    }


@pytest.mark.parametrize(
    ("status", "upstream", "failed"),
    [
        (200, "200", False),
        (404, "404", False),
        (503, "503", True),
        # The client got an answer, but the canary failed first.
        (200, "502, 200", True),
        (200, "504 : 200", True),
    ],
)
def test_a_failed_attempt_counts_though_the_client_did_not_notice(status: int, upstream: str, failed: bool) -> None:
    assert by_track([line("canary", status, upstream)], "users")["canary"].errors == int(failed)


def test_time_is_that_of_all_attempts() -> None:
    (sample,) = by_track([line("canary", 200, "502, 200 : 200", "0.250, 0.005 : -")], "users")["canary"].samples
    assert sample.seconds == pytest.approx(0.255)


def test_the_99th_percentile_is_a_request_that_was_measured() -> None:
    assert figures(100, slow=1).p99_milliseconds == 10
    assert figures(100, slow=2).p99_milliseconds == 900
    assert figures(10, slow=1).p99_milliseconds == 900
    assert Figures().p99_milliseconds == 0


def test_what_is_within_the_limits_goes_on() -> None:
    assert objection(figures(100, errors=1), figures(100), LIMITS) == ""
    assert objection(figures(100, slow=1), figures(100), LIMITS) == ""


@pytest.mark.parametrize(
    ("canary", "words"),
    [
        (figures(0), "no data: the canary had 0 requests, 10 are needed"),
        (figures(9), "no data: the canary had 9 requests"),
        (figures(100, errors=2), "2.00 % of the canary's requests failed (2 of 100), the limit is 1 %; stable: 0.00 %"),
        (figures(100, slow=2), "the canary's P99 is 900 ms, the limit is 800 ms; stable: 10 ms"),
    ],
)
def test_what_speaks_against_a_canary_is_told_with_its_figures(canary: Figures, words: str) -> None:
    assert objection(canary, figures(200), LIMITS).startswith(words)


GOOD, BAD = (figures(100), figures(200)), (figures(100, errors=5), figures(200))


@dataclass
class Rehearsal:
    """A canary whose looks and versions are written down beforehand."""

    looks: Sequence[tuple[Figures, Figures]] = ()
    versions: dict[int, str] = field(default_factory=dict[int, str])
    """Number of the question to the version that is told from then on."""
    refused: int = -1
    weights: list[int] = field(default_factory=list[int])
    asked: int = 0
    looked: int = 0
    in_traffic: float = 0.0
    watched: list[int] = field(default_factory=list[int])
    """How many weights there had been at each call of `watch`."""
    version: str = "one"

    def release(self) -> str:
        self.version = self.versions.get(self.asked, self.version)
        self.asked += 1
        return self.version

    def shift(self, weight: int) -> None:
        if weight == self.refused:
            raise ShiftError(f"the update to {weight} % failed")
        self.weights.append(weight)

    def watch(self) -> None:
        self.watched.append(len(self.weights))

    def seconds_in_traffic(self, minimum_requests: int) -> float:
        assert minimum_requests == LIMITS.minimum_requests
        return self.in_traffic

    def look(self) -> tuple[Figures, Figures]:
        self.looked += 1
        return self.looks[self.looked - 1] if self.looked <= len(self.looks) else GOOD

    def roll_back(self) -> None:
        self.weights.append(0)


def walked(rehearsal: Rehearsal, look_seconds: float = 0) -> tuple[Outcome, list[float], str]:
    waits: list[float] = []
    told: list[str] = []
    outcome = walk(rehearsal, LIMITS, waits.append, told.append, lambda: sum(waits) + look_seconds * rehearsal.looked)
    return outcome, waits, "\n".join(told)


def test_a_good_canary_takes_every_step() -> None:
    rehearsal = Rehearsal()
    outcome, waits, _ = walked(rehearsal)
    assert outcome == Outcome(True, "")
    assert rehearsal.weights == [5, 50, 100]
    assert waits == [10] * 6


def test_a_breach_that_lasts_sends_it_back_after_threshold_intervals() -> None:
    rehearsal = Rehearsal(looks=[BAD, BAD])
    outcome, waits, told = walked(rehearsal)
    assert not outcome.completed
    assert "5.00 % of the canary's requests failed" in outcome.reason
    assert rehearsal.weights == [5, 0]
    assert waits == [10] * LIMITS.threshold
    assert "rolling back: 5.00 %" in told


def test_a_look_that_takes_its_time_makes_the_next_one_no_later() -> None:
    _, waits, _ = walked(Rehearsal(looks=[BAD, BAD]), look_seconds=3)
    assert waits == [10, 7]


def test_the_first_step_counts_from_the_first_clients_request_and_the_others_from_their_update() -> None:
    rehearsal = Rehearsal(in_traffic=12)
    _, waits, _ = walked(rehearsal)
    # The first look was due two seconds ago, and the second is no later for it.
    assert waits == [0, 8, 10, 10, 10, 10]
    assert rehearsal.watched == [0, 2, 3]


def test_the_first_request_is_told_by_the_log() -> None:
    log = [line("canary", timestamp=f"2026-11-22T03:00:{second}+01:00") for second in (12, 10, 11)]
    assert by_track(log, "users")["canary"].first_at == datetime(2026, 11, 22, 2, 0, 10, tzinfo=UTC).timestamp()
    assert Figures().first_at == math.inf


def test_one_bad_look_alone_is_forgiven_but_the_step_starts_to_count_anew() -> None:
    rehearsal = Rehearsal(looks=[GOOD, BAD, GOOD, GOOD])
    outcome, waits, _ = walked(rehearsal)
    assert outcome.completed
    assert len(waits) == 4 + 2 + 2


def test_no_data_sends_it_back() -> None:
    rehearsal = Rehearsal(looks=[(Figures(), figures(200))] * 2)
    outcome, _, _ = walked(rehearsal)
    assert outcome.reason.startswith("no data")
    assert rehearsal.weights == [5, 0]


def test_a_breach_in_the_last_step_still_sends_it_back() -> None:
    rehearsal = Rehearsal(looks=[GOOD] * 4 + [BAD, BAD])
    outcome, _, _ = walked(rehearsal)
    assert not outcome.completed
    assert rehearsal.weights == [5, 50, 100, 0]


def test_a_new_version_begins_again_with_the_first_step() -> None:
    # The questions: after the first shift, before the first look, before the second one, after the second shift, …
    rehearsal = Rehearsal(versions={4: "two"})
    outcome, _, told = walked(rehearsal)
    assert outcome.completed
    assert rehearsal.weights == [5, 50, 5, 50, 100]
    assert told.count("the walk begins again") == 1


def test_a_version_that_comes_with_the_walks_own_update_begins_again_too() -> None:
    rehearsal = Rehearsal(versions={3: "two"})
    outcome, _, _ = walked(rehearsal)
    assert outcome.completed
    assert rehearsal.weights == [5, 50, 5, 50, 100]


def test_a_step_that_cannot_be_taken_sends_it_back() -> None:
    rehearsal = Rehearsal(refused=50)
    outcome, _, _ = walked(rehearsal)
    assert outcome == Outcome(False, "the update to 50 % failed")
    assert rehearsal.weights == [5, 0]


def test_who_interrupts_a_walk_leaves_nobody_on_the_canary() -> None:
    rehearsal = Rehearsal()

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk(rehearsal, LIMITS, interrupted, lambda _: None)
    assert rehearsal.weights == [5, 0]
