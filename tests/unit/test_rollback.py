"""A rollback takes the clients away from a canary at once, whatever else works on the stack.

Does not prove that an ingress follows: tests/integration/test_12_canary.py does.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tools.gostack.canary import rollout
from tools.gostack.environment.locations import state_folder
from tools.gostack.lifecycle.workspace import PulumiError


@pytest.mark.parametrize("refused", [False, True], ids=["accepted", "refused by an ingress"])
def test_a_rollback_switches_the_traffic_before_it_waits_for_another_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    steps: list[str] = []

    def switch(*_: Any) -> None:
        steps.append("traffic")
        if refused:
            raise PulumiError("refused")

    monkeypatch.setattr(rollout, "set_weight", lambda *_: steps.append("stack file"))
    monkeypatch.setattr(rollout, "everybody_to_stable", switch)
    monkeypatch.setattr(rollout.lifecycle, "update", lambda _: steps.append("update") or 0)
    workspace = SimpleNamespace(project=tmp_path, stack="dev", variables={}, settings=None)
    lock = state_folder(tmp_path) / "dev.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as another_command:
        fcntl.flock(another_command, fcntl.LOCK_EX)
        rollout.take_back(cast("Any", workspace), "users", cast("Any", None))
    assert steps == ["stack file", "traffic", "update"]
