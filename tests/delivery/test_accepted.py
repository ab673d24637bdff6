"""Which run on main has tested and accepted a commit, against a small server that plays GitHub's API.

Does not prove that GitHub itself answers so; the requests are those of its documentation (REST API, 2022-11-28).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.github_server import Hub, github_server
from tools.gostack.github.client import GitHub, GitHubError
from tools.gostack.release.accepted import accepted, accepting_run

COMMIT = "c" * 40
GOOD = {"test": "success", "staging": "success", "staging-left-out": "skipped"}


def run(number: int = 5, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "head_sha": COMMIT,
        "head_branch": "main",
        "conclusion": "success",
        "event": "push",
        **other,
    }


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github_server() as running:
        running.newest = COMMIT
        running.jobs[5] = dict(GOOD)
        yield running


def test_the_run_that_has_tested_and_accepted_the_commit_is_an_output_of_the_step(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.runs += [run(9, conclusion="failure"), run()]
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert accepted(GitHub.of(hub.variables), COMMIT) == 0
    assert (tmp_path / "output").read_text() == "tests=passed\nrun-id=5\n"


@pytest.mark.parametrize(
    "found",
    [
        [],
        [run(conclusion="failure")],
        [run(conclusion=None)],
        [run(head_sha="d" * 40)],
        [run(head_branch="mine")],
        [run(event="pull_request")],
    ],
)
def test_a_commit_that_no_run_on_main_has_accepted_is_not_released(hub: Hub, found: list[dict[str, Any]]) -> None:
    hub.runs += found
    with pytest.raises(GitHubError, match=r"no run of main.yml on main has tested and accepted c+: start one"):
        accepting_run(GitHub.of(hub.variables), COMMIT)


@pytest.mark.parametrize("jobs", [{**GOOD, "staging": "skipped"}, {**GOOD, "test": "failure"}, {"test": "success"}, {}])
def test_a_run_whose_staging_was_left_out_has_accepted_nothing(hub: Hub, jobs: dict[str, str]) -> None:
    hub.runs.append(run())
    hub.jobs[5] = jobs
    with pytest.raises(GitHubError, match="has tested and accepted"):
        accepting_run(GitHub.of(hub.variables), COMMIT)


def test_a_commit_that_is_not_the_newest_of_main_is_not_released(hub: Hub) -> None:
    hub.runs.append(run())
    hub.newest = "d" * 40
    with pytest.raises(GitHubError, match=r"main is at d+ and not at c+ any more: start the release again"):
        accepting_run(GitHub.of(hub.variables), COMMIT)
