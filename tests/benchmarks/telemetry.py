"""`make bench TELEMETRY=1`: requests a second with the telemetry of a stack and without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmarks import pairs
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import Workspace


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack and print a table; return the exit code."""
    return pairs.run(workspace, rounds, change, _measure)


def change(config: dict[str, Any], enabled: bool) -> None:
    """Give the stack its telemetry, or take it away."""
    config["gostack:telemetry"] = {**config["gostack:telemetry"], "enabled": enabled}


def _measure(workspace: Workspace) -> Mapping[str, float]:
    outputs = workspace.outputs()
    url = str(outputs["services"]["users"]["url"])
    return {"lists of users, through the ingress": pairs.load(write_authority(workspace, outputs), [url])}
