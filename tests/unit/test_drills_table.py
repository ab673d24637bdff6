"""The table says what was measured and what was missed."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.model import NO_FAILED_REQUEST, Criterion, Drill, nothing
from tests.chaos.record import Circumstances, Record, read_records
from tests.chaos.runner import Outcome
from tests.chaos.table import markdown, text_table
from tests.support.load_result import Answer, Result

DRILL = Drill("replica-kill", "A replica is killed.", nothing, (NO_FAILED_REQUEST, Criterion("outage", "<", 1)))
FIGURES = {
    "sent": 400,
    "failed": 0,
    "outage": 0.0,
    "slowest": 0.25,
    "acknowledged": 200,
    "lost": 0,
    "recovered": 0.0,
    "up": 12.34,
    "refused_updates": 2,
}
CIRCUMSTANCES = Circumstances("2026-01-02 03:04", "abc1234", "200 requests a second.", "2 cores")


def record(outcome: Outcome) -> Record:
    return Record.of(outcome, CIRCUMSTANCES)


def test_a_row_has_the_figures_the_criteria_and_the_verdict() -> None:
    header, row = text_table([record(Outcome(DRILL, FIGURES))]).splitlines()
    assert header.split()[0] == "drill"
    assert row.split("  ")[0] == "replica-kill"
    assert row.endswith("failed == 0, outage < 1  yes")
    assert row.split()[1:9] == ["400", "0", "0.0", "0.2", "200", "0", "0.0", "12.3"]


def test_a_row_names_what_was_missed() -> None:
    assert text_table([record(Outcome(DRILL, {**FIGURES, "failed": 3}))]).endswith("no: failed == 0")
    assert text_table([record(Outcome(DRILL, FIGURES, problems=["its clean-up: boom"]))]).endswith("no: see below")


def test_a_drill_that_did_not_run_has_no_figures_and_a_reason() -> None:
    refused = record(Outcome(DRILL, refused="others would notice."))
    assert "–" in text_table([refused])
    assert text_table([refused]).endswith("not run")
    assert "* Not run: others would notice." in markdown([refused])


def test_the_page_tells_when_where_and_with_which_command() -> None:
    loads = {"HTTP/2": Result([Answer(0, 0.1, 503, "a|b answered 503")])}
    page = markdown([record(Outcome(DRILL, {**FIGURES, "failed": 1}, loads, ["broken\n  badly"]))])
    assert "Written by `make drill MARKDOWN=docs/drills.md`: the last run of each drill (2026-01-02)." in page
    assert "* Run on 2026-01-02 03:04 UTC at revision abc1234 on 2 cores." in page
    assert "| replica-kill | 400 | 1 |" in page
    assert "* HTTP/2: 1 requests sent, 1 failed, slowest 100 ms; a|b answered 503 (1×)" in page
    assert "* refused updates: 2" in page
    assert "* **not met**: failed == 0" in page
    assert "* **problem**: broken badly" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1


def test_a_drill_that_runs_again_takes_the_place_of_its_earlier_run(tmp_path: Path) -> None:
    record(Outcome(DRILL, {**FIGURES, "failed": 3})).write(tmp_path)
    again = record(Outcome(DRILL, FIGURES))
    again.write(tmp_path)
    assert read_records(tmp_path, ["never-run", "replica-kill"]) == [again]
