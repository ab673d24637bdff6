"""The console's charts as dashboards of Grafana. `console/page/panels.json` describes each chart once, for both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

_PANELS = Path(__file__).resolve().parent / "console" / "page" / "panels.json"


class Panel(TypedDict):
    """A chart: lines over time."""

    title: str
    """What it shows."""

    unit: Literal["bytes", "cores", "duration", "number", "share"]
    """How its values are written."""

    series: Mapping[str, str]
    """Name of a line to its expression in MetricsQL. `{region}` in a name stands for the value of that label; `$of` in
    an expression for the labels that the reader has chosen, `$over` for the time that a rate is taken over."""

    optional: NotRequired[bool]
    """True for what a service need not have: without figures the console leaves it out."""


@dataclass(frozen=True)
class _Board:
    title: str
    groups: Sequence[str]
    """Groups of panels, in order."""
    of: str = ""
    """What `$of` stands for."""
    variable: str = ""
    """Label that the reader chooses a value of; empty for none."""
    chosen_from: str = ""
    """Series whose values of that label are the choice."""


# A worker has replicas, and no requests by an ingress.
_REPLICAS = 'container_start_time_seconds{role="application"}'

BOARDS = {
    "overview": _Board("Overview", ["overview"]),
    "service": _Board(
        "Service", ["service", "service_containers", "service_own"], 'service="$service"', "service", _REPLICAS
    ),
    "ingress": _Board("Ingress", ["ingress"], 'region=~"$region"', "region", "ingress_requests_total"),
    "mysql": _Board("MySQL", ["mysql"]),
    "consul": _Board("Consul", ["consul"]),
    "containers": _Board("Containers", ["containers"]),
    "objectives": _Board("Objectives", ["objectives"]),
}
"""Name of a file, without its ending, to the dashboard in it."""

_UNITS = {"bytes": "bytes", "cores": "none", "duration": "s", "number": "short", "share": "percentunit"}
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT = 12, 8
"""Two beside each other: Grafana's page is 24 wide."""


def panels() -> dict[str, list[Panel]]:
    """Return group to its panels."""
    return json.loads(_PANELS.read_text(encoding="utf-8"))


def expression(query: str, *, of: str, over: str) -> str:
    """Return a panel's expression as a store takes it."""
    return re.sub(r"\$(of|over)\b", lambda found: of if found[1] == "of" else over, query)


def dashboards() -> dict[str, str]:
    """Return name to text of each file that Grafana loads as a dashboard. They ask whichever data source of the kind
    Prometheus is chosen in them, at first Grafana's default."""
    known = panels()
    return {
        f"{name}.json": json.dumps(_dashboard(name, board, known), indent=2) + "\n" for name, board in BOARDS.items()
    }


def _dashboard(name: str, board: _Board, known: Mapping[str, Sequence[Panel]]) -> dict[str, Any]:
    drawn = [panel for group in board.groups for panel in known[group]]
    return {
        "uid": f"gostack-{name}",
        "title": f"gostack: {board.title}",
        "tags": ["gostack"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": list(_variables(board))},
        "links": [
            {"type": "dashboards", "tags": ["gostack"], "title": "gostack", "asDropdown": True, "keepTime": True}
        ],
        "panels": [_panel(number, panel, board.of) for number, panel in enumerate(drawn)],
    }


def _variables(board: _Board) -> Iterator[dict[str, Any]]:
    label = board.variable
    yield {"type": "datasource", "name": "source", "label": "Data source", "query": "prometheus"}
    if label:
        every = label == "region"
        yield {
            "type": "query",
            "name": label,
            "label": label.capitalize(),
            "datasource": _SOURCE,
            "query": {"query": f"label_values({board.chosen_from}, {label})", "refId": label},
            # When the time range changes.
            "refresh": 2,
            "sort": 1,
            **({"includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}} if every else {}),
        }


def _panel(number: int, panel: Panel, of: str) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel["title"],
        "datasource": _SOURCE,
        "gridPos": {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": _UNITS[panel["unit"]], "min": 0}, "overrides": []},
        "options": {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": expression(query, of=of, over="$__rate_interval"),
                "legendFormat": re.sub(r"\{(\w+)\}", r"{{\1}}", name),
            }
            for place, (name, query) in enumerate(panel["series"].items())
        ],
    }
