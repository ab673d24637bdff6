"""The judgement on a canary's figures, and the walk that follows from it.

Does not prove that the figures are those of a running stack, nor that traffic follows:
tests/telemetry_rules/test_track_metrics.py asks a real store, tests/integration/test_12_canary.py walks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures, Sample
from tools.gostack.canary.judgement import fault, too_few
from tools.gostack.canary.walk import LATE_SECONDS, Outcome, ShiftError, walk

LIMITS = AnalysisSettings(steps=[5, 50, 100], interval_seconds=10, checks=2, threshold=2, minimum_requests=10)


STABLE = Figures(200, 0, 10)


def test_what_is_within_the_limits_goes_on() -> None:
    assert fault(Figures(100, 1, 800), STABLE, LIMITS) == ""
    assert too_few(Figures(10), STABLE, 10) == ""


@pytest.mark.parametrize(
    ("canary", "words"),
    [
        (
            Figures(100, 2, 10),
            "2.00 % of the canary's requests failed (2 of 100), the limit is 1 %; stable: 0.00 %",
        ),
        (Figures(100, 1, 801), "the canary's P99 is 801 ms, the limit is 800 ms; stable: 10 ms"),
    ],
)
def test_what_speaks_against_a_canary_is_told_with_its_figures(canary: Figures, words: str) -> None:
    assert fault(canary, STABLE, LIMITS) == words


def test_too_few_requests_are_no_data() -> None:
    assert too_few(Figures(9), STABLE, 10) == "no data: the canary had 9 requests, 10 are needed (stable had 200)"


GOOD = Sample(Figures(100, 0, 10), STABLE, age_seconds=0)
BAD = replace(GOOD, canary=Figures(100, 5, 10))
NONE = replace(GOOD, canary=Figures())
FEW = replace(GOOD, canary=Figures(2, 0, 10))


@dataclass
class Rehearsal:
    """A canary whose looks and versions are written down beforehand."""

    looks: Sequence[Sample] = ()
    versions: dict[int, str] = field(default_factory=dict[int, str])
    """Number of the question to the version that is told from then on."""
    refused: int = -1
    weights: list[int] = field(default_factory=list[int])
    asked: int = 0
    looked: int = -1
    """Looks until now; before the first one, it is asked once how long clients have had the canary."""
    in_traffic: float = 0.0
    settled: float = 0.0
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

    def watch(self) -> float:
        self.watched.append(len(self.weights))
        return self.settled

    def seconds_in_traffic(self) -> float:
        return self.in_traffic

    def sample(self) -> Sample:
        self.looked += 1
        return self.looks[self.looked - 1] if 0 < self.looked <= len(self.looks) else GOOD

    def roll_back(self) -> None:
        self.weights.append(0)


def walked(
    rehearsal: Rehearsal, look_seconds: float = 0, limits: AnalysisSettings = LIMITS
) -> tuple[Outcome, list[float], str]:
    waits: list[float] = []
    told: list[str] = []

    def clock() -> float:
        return sum(waits) + look_seconds * max(0, rehearsal.looked)

    outcome = walk(rehearsal, limits, waits.append, told.append, clock)
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
    rehearsal = Rehearsal(in_traffic=12, settled=4)
    _, waits, _ = walked(rehearsal)
    # The first look was due two seconds ago, and the second is no later for it; later steps begin when they are
    # measured apart from the one before.
    assert waits == [0, 8, 14, 10, 14, 10]
    assert rehearsal.watched == [0, 2, 3]


def test_one_bad_look_alone_is_forgiven_but_the_step_starts_to_count_anew() -> None:
    rehearsal = Rehearsal(looks=[GOOD, BAD, GOOD, GOOD])
    outcome, waits, _ = walked(rehearsal)
    assert outcome.completed
    assert len(waits) == 4 + 2 + 2


def test_no_data_sends_it_back() -> None:
    rehearsal = Rehearsal(looks=[NONE, NONE])
    outcome, _, _ = walked(rehearsal)
    assert outcome.reason.startswith("no data")
    assert rehearsal.weights == [5, 0]


def test_a_look_that_finds_nothing_wrong_waits_for_the_metrics_of_its_moment_and_the_next_one_is_no_later() -> None:
    late = replace(GOOD, age_seconds=1.2)
    _, waits, _ = walked(Rehearsal(looks=[late, late, late, late, GOOD, BAD, BAD]))
    assert waits[:6] == [10, 0.5, 0.5, 0.5, 8.5, 10]


def test_what_is_wrong_is_known_however_late_the_metrics_are() -> None:
    late = replace(BAD, age_seconds=4)
    outcome, waits, _ = walked(Rehearsal(looks=[late, late]))
    assert not outcome.completed
    assert waits == [10, 10]


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (replace(GOOD, age_seconds=math.inf, gap="there are no metrics of west"), "there are no metrics of west"),
        (replace(GOOD, age_seconds=60), "the metrics end 60 s ago"),
    ],
)
def test_good_figures_without_those_of_every_region_are_no_data_and_never_a_promotion(lost: Sample, words: str) -> None:
    rehearsal = Rehearsal(looks=[GOOD] * 5 + [lost] * 1000)
    outcome, waits, _ = walked(rehearsal)
    assert outcome == Outcome(False, f"no data: {words}")
    assert rehearsal.weights == [5, 50, 100, 0]
    # The last good look was after 50 s; the one of 70 s was over after its time to be late.
    assert sum(waits) == 70 + LATE_SECONDS


def test_a_service_that_is_asked_seldom_gets_its_time() -> None:
    quiet = LIMITS.model_copy(update={"quiet_seconds": 60, "steps": [100]})
    # Too few until 50 s, then one is enough: the looks of 60 and 70 s count.
    outcome, waits, _ = walked(Rehearsal(looks=[NONE] * 3 + [FEW] * 4), limits=quiet)
    assert (outcome.completed, sum(waits)) == (True, 70)


def test_a_service_that_is_asked_seldom_is_not_promoted_without_a_request() -> None:
    quiet = LIMITS.model_copy(update={"quiet_seconds": 60})
    outcome, waits, _ = walked(Rehearsal(looks=[NONE] * 100), limits=quiet)
    assert outcome.reason == "no data: the canary had 0 requests, 1 are needed (stable had 200)"
    assert sum(waits) == 70


def test_what_is_wrong_sends_back_a_service_that_is_asked_seldom_at_once() -> None:
    quiet = LIMITS.model_copy(update={"quiet_seconds": 60})
    outcome, waits, _ = walked(Rehearsal(looks=[BAD, BAD]), limits=quiet)
    assert (outcome.completed, sum(waits)) == (False, 20)


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
