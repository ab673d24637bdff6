"""A drill is run to its end whatever happens in it, and judged by its criteria.

The stack, the load and `make up` are doubles: nothing here proves that a fault is one.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests import chaos
from tests.chaos import runner
from tests.chaos.catalogue import catalogue
from tests.chaos.model import FIGURES, NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.runner import Outcome
from tests.chaos.scene import Scene
from tests.support.load_result import Answer, Result

PLAN = LoadPlan(protocols=("HTTP/1.1",), before_seconds=0, after_seconds=0)


class FakeLoad:
    def __init__(self, *answers: Answer) -> None:
        self.result = Result()
        self._answers = list(answers)

    def __enter__(self) -> FakeLoad:
        return self

    def __exit__(self, *_: object) -> None:
        self.result = Result(self._answers)


class FakeStack:
    def __init__(self, changes: str) -> None:
        self.changes = changes

    def preview_changes(self) -> str:
        return self.changes


class FakeScene(Scene):
    """A scene without a stack that notes what is done with it."""

    def __init__(self, folder: Path, rows: list[str], changes: str = "", up_fails: bool = False) -> None:
        super().__init__(cast("Any", FakeStack(changes)), folder, "run")
        self.done: list[str] = []
        self.rows = rows
        self.up_fails = up_fails

    def up(self) -> float:
        self.done.append("up")
        if self.up_fails:
            raise RuntimeError("`make up` failed")
        return 7.0

    def seed(self) -> None:
        self.done.append("seed")

    def written_rows(self) -> list[str]:
        self.done.append("ledger")
        return self.rows


def write(email: str, status: int = 201, problem: str = "") -> Answer:
    return Answer(100.0, 0.5, status, problem, "POST", json.dumps({"data": {"email": email}}).encode())


def step(name: str) -> Any:
    return lambda scene: scene.done.append(name)


DRILL = Drill(
    name="fake",
    purpose="Nothing.",
    prepare=step("prepare"),
    act=step("act"),
    clean_up=step("clean up"),
    verify=step("verify"),
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    load=PLAN,
)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """What the load of the next drill brings."""
    given = [write("a@x")]
    monkeypatch.setattr(runner, "start_loads", lambda plan, scene, rate: {"HTTP/1.1": FakeLoad(*given)})
    return given


def test_a_drill_passes_when_its_criteria_are_met(answers: list[Answer], tmp_path: Path) -> None:
    scene = FakeScene(tmp_path, ["a@x"])
    outcome = runner.run(DRILL, scene)
    assert scene.done == ["prepare", "seed", "act", "clean up", "up", "ledger", "verify"]
    assert outcome.problems == []
    assert outcome.passed
    figures = {name: outcome.figures[name] for name in ("sent", "failed", "acknowledged", "lost", "up")}
    assert figures == {"sent": 1, "failed": 0, "acknowledged": 1, "lost": 0, "up": 7.0}


def test_a_failed_request_misses_its_criterion(answers: list[Answer], tmp_path: Path) -> None:
    answers.append(write("b@x", 503, "answered 503"))
    outcome = runner.run(DRILL, FakeScene(tmp_path, ["a@x"]))
    assert outcome.missed == [NO_FAILED_REQUEST]
    assert not outcome.passed


def test_a_lost_row_fails_every_drill(answers: list[Answer], tmp_path: Path) -> None:
    outcome = runner.run(replace(DRILL, criteria=()), FakeScene(tmp_path, []))
    assert outcome.problems == ["acknowledged rows are lost, the first of them: a@x"]
    assert not outcome.passed


def test_a_fault_that_fails_is_told_and_everything_after_it_is_done(answers: list[Answer], tmp_path: Path) -> None:
    def act(_: Scene) -> None:
        raise RuntimeError("no such container")

    scene = FakeScene(tmp_path, ["a@x"])
    outcome = runner.run(replace(DRILL, act=act), scene)
    assert outcome.problems == ["the drill: RuntimeError: no such container"]
    assert scene.done == ["prepare", "seed", "clean up", "up", "ledger", "verify"]
    assert outcome.figures["sent"] == 1


def test_an_interruption_cleans_up_and_goes_on(answers: list[Answer], tmp_path: Path) -> None:
    def act(_: Scene) -> None:
        raise KeyboardInterrupt

    scene = FakeScene(tmp_path, [])
    with pytest.raises(KeyboardInterrupt):
        runner.run(replace(DRILL, act=act), scene)
    assert scene.done == ["prepare", "seed", "clean up"]


def test_a_stack_that_does_not_converge_fails_the_drill(answers: list[Answer], tmp_path: Path) -> None:
    outcome = runner.run(DRILL, FakeScene(tmp_path, ["a@x"], up_fails=True))
    assert outcome.problems == ["afterwards: RuntimeError: `make up` failed"]


def test_a_preview_that_is_not_empty_fails_the_drill(answers: list[Answer], tmp_path: Path) -> None:
    outcome = runner.run(DRILL, FakeScene(tmp_path, ["a@x"], changes="~ 1 to update"))
    assert outcome.problems == ["a preview after `make up` is not empty: ~ 1 to update"]


def test_a_drill_that_cannot_run_here_touches_nothing(answers: list[Answer], tmp_path: Path) -> None:
    scene = FakeScene(tmp_path, [])
    outcome = runner.run(replace(DRILL, reason_against=lambda _: "others would notice."), scene)
    assert (outcome.refused, outcome.passed, scene.done) == ("others would notice.", True, [])


def test_reads_that_go_on_do_not_hide_that_no_write_does() -> None:
    reads = [Answer(100.0 + index, 0.1, 200, "", "GET") for index in range(5)]
    writes = [replace(write("a@x", 503, "answered 503"), sent_at=100.5 + index) for index in range(3)]
    figures = runner.measure({"HTTP/1.1": Result([*reads, *writes])}, fault_at=100.0)
    assert figures["outage"] == pytest.approx(2.5)
    assert figures["recovered"] == pytest.approx(3.0)
    assert (figures["failed"], figures["failed_reads"]) == (3, 0)


def test_slowness_counts_against_what_was_before_the_fault() -> None:
    before = [Answer(float(index), 0.1, 200, "", "GET") for index in range(10)]
    after = [Answer(20.0 + index, 0.4, 200, "", "GET") for index in range(9)]
    refused = [Answer(20.0, 0.05, 503, "answered 503", "GET")]
    figures = runner.measure({"HTTP/1.1": Result([*before, *after, *refused])}, fault_at=15.0)
    assert figures["p99_growth"] == pytest.approx(4.0)
    assert figures["read_success"] == pytest.approx(0.95)


def test_what_a_busy_machine_does_to_short_times_is_no_growth() -> None:
    answers = [Answer(0.0, 0.002, 200, "", "GET"), Answer(20.0, 0.02, 200, "", "GET")]
    assert runner.measure({"HTTP/1.1": Result(answers)}, fault_at=15.0)["p99_growth"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("criterion", "met"),
    [
        (Criterion("failed", "==", 0), True),
        (Criterion("failed", ">=", 1), False),
        (Criterion("outage", "<", 13), True),
        (Criterion("outage", "<", 12.5), False),
        (Criterion("never measured", "==", 0), False),
    ],
)
def test_a_criterion_is_about_a_figure_that_was_measured(criterion: Criterion, met: bool) -> None:
    assert criterion.met({"failed": 0, "outage": 12.5}) is met


def test_every_drill_of_the_catalogue_is_whole() -> None:
    drills = catalogue()
    assert len({drill.name for drill in drills}) == len(drills)
    for drill in drills:
        assert drill.criteria
        assert drill.purpose.endswith(".")
        assert NO_ROW_LOST in drill.criteria


def test_criteria_are_about_figures_that_exist() -> None:
    sources = Path(chaos.__file__).parent.rglob("*.py")
    observed = {name for file in sources for name in re.findall(r'observe\(\s*"(\w+)"', file.read_text("utf-8"))}
    asked = {criterion.figure for drill in catalogue() for criterion in drill.criteria}
    assert asked - observed <= FIGURES.keys()
    measured = runner.measure({}, 0.0).keys() | Outcome(DRILL).figures.keys() | {"acknowledged", "lost", "up"}
    assert measured == FIGURES.keys()
