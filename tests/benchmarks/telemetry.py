"""`make bench TELEMETRY=1`: requests a second with the telemetry of a stack and without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.benchmarks import pairs
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import Workspace

PORT = 28900


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack and print a table; return the exit code."""
    return pairs.run(workspace, rounds, _change, _measure)


def _change(config: dict[str, Any], enabled: bool) -> None:
    config["gostack:telemetry"] = {"enabled": True, "port": PORT} if enabled else {"enabled": False}


def _measure(workspace: Workspace) -> Mapping[str, float]:
    outputs = workspace.outputs()
    url = str(outputs["services"]["users"]["url"])
    return {"lists of users, through the ingress": pairs.load(write_authority(workspace, outputs), [url])}
