"""A rollback switches the traffic while no other command works on the stack.

Does not prove that an ingress follows: tests/integration/test_12_canary.py does.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bootstrap.locations import state_folder
from delivery import rollout
from operations.workspace import PulumiError


def held(lock: Path) -> bool:
    """Whether somebody holds the stack's lock."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize("refused", [False, True], ids=["accepted", "refused by an ingress"])
def test_a_rollback_switches_the_traffic_under_the_lock_of_the_stack_and_frees_it_for_its_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    lock = state_folder(tmp_path) / "dev.lock"
    steps: list[tuple[str, bool]] = []

    def switch(*_: Any) -> None:
        steps.append(("traffic", held(lock)))
        if refused:
            raise PulumiError("refused")

    def update(_: Any) -> int:
        steps.append(("update", held(lock)))
        return 0

    monkeypatch.setattr(rollout, "canary_of", lambda *_: None)
    monkeypatch.setattr(rollout, "set_weight", lambda *_: None)
    monkeypatch.setattr(rollout, "everybody_to_stable", switch)
    monkeypatch.setattr(rollout.StackObjects, "of", lambda *_: None)
    monkeypatch.setattr(rollout.lifecycle, "update", update)
    workspace = SimpleNamespace(project=tmp_path, stack="dev", variables={}, settings=None)
    rollout.StackRollout(cast("Any", workspace), "users").roll_back()
    assert steps == [("traffic", True), ("update", False)]
