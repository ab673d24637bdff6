"""Grafana's dashboards are made of the console's panels.

Does not prove that Grafana draws them, nor that their expressions find anything: tests/telemetry_rules/test_panels.py
and tests/integration/test_16_dashboards.py ask stores.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from components.telemetry.dashboards import BOARDS, dashboards, panels
from tools.gostack.cli.main import main
from tools.gostack.environment.locations import PROJECT_ROOT

MADE_HERE = ("components/telemetry/collector", "services/users/internal/observability")
MADE_ELSEWHERE = re.compile(r"up|consul_(raft|rpc|server|state)_\w+|objective:bad_share")


@pytest.fixture(scope="module", params=sorted(BOARDS))
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads(dashboards()[f"{request.param}.json"])


def test_every_group_of_panels_is_in_one_dashboard() -> None:
    assert sorted(group for board in BOARDS.values() for group in board.groups) == sorted(panels())


def test_a_panel_draws_every_line_that_the_console_draws(board: dict[str, Any]) -> None:
    name = board["uid"].removeprefix("gostack-")
    described = [panel for group in BOARDS[name].groups for panel in panels()[group]]
    assert [one["title"] for one in board["panels"]] == [panel["title"] for panel in described]
    for one, panel in zip(board["panels"], described, strict=True):
        assert len(one["targets"]) == len(panel["series"])


def test_grafana_knows_every_variable_of_an_expression_and_no_other_braces_in_a_legend(board: dict[str, Any]) -> None:
    variables = {variable["name"] for variable in board["templating"]["list"]}
    for target in (target for panel in board["panels"] for target in panel["targets"]):
        used = set(re.findall(r"\$\{?(\w+)", target["expr"] + target["datasource"]["uid"]))
        assert used <= variables | {"__rate_interval"}
        assert "{" not in re.sub(r"\{\{\w+\}\}", "", target["legendFormat"])


def test_no_panel_covers_another(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    for one, other in combinations(places, 2):
        assert any(a[at] + a[size] <= b[at] for a, b in ((one, other), (other, one)) for at, size in ("xw", "yh"))
    assert len({panel["id"] for panel in board["panels"]}) == len(places)


def test_panels_read_only_series_that_somebody_makes() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for folder in MADE_HERE for path in (PROJECT_ROOT / folder).glob("*.go")
    )
    queries = [query for group in panels().values() for panel in group for query in panel["series"].values()]
    queries += [board.chosen_from for board in BOARDS.values() if board.chosen_from]
    names = {name for query in queries for name in re.findall(r"[a-z]+(?:[_:][a-zA-Z]+)+(?=[\[{)]|$)|up(?=\{)", query)}
    assert len(names) > 20
    for name in names:
        # Names of a container's figures have their first word in one place.
        series = re.sub(r"^container_|_(bucket|count|sum)$", "", name)
        assert MADE_ELSEWHERE.fullmatch(name) or f'"{series}"' in sources, name


def test_whatever_has_replicas_can_be_chosen_as_a_service() -> None:
    variables = json.loads(dashboards()["service.json"])["templating"]["list"]
    (choice,) = [variable["query"]["query"] for variable in variables if variable["name"] == "service"]
    # As the panels of its containers ask, which a worker has; the ingress knows nothing of workers.
    assert choice.startswith("label_values(container_")
    assert '{role="application"}, service)' in choice


def test_the_command_writes_every_dashboard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", "--output", str(tmp_path / "made")]) == 0
    assert {path.name: path.read_text() for path in (tmp_path / "made").iterdir()} == dashboards()
    assert str(tmp_path / "made") in capsys.readouterr().out
