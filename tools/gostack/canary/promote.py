"""`gostack promote` and `gostack rollback`: a canary becomes the stable version, or loses its clients."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tools.gostack.canary.rollout import StackRollout, canary_of, refuse_elsewhere, take_back
from tools.gostack.canary.walk import walk, with_the_time
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.stack_file import make_canary_stable, remove_canary


def promote(workspace: Workspace, service: str, tell: Callable[[str], None] | None = None) -> int:
    """Walk the canary of `service` to all clients and make it the stable version; return 0, or 1 after a rollback.

    `tell` is given each step in words; without it, they are printed with the time.
    """
    refuse_elsewhere(workspace)
    canary = canary_of(workspace, service)
    tell = tell or with_the_time()
    outcome = walk(StackRollout(workspace, service), canary.analysis, time.sleep, tell)
    if not outcome.completed:
        print(f"{service}: rolled back, nobody has the canary any more: {outcome.reason}", file=sys.stderr)
        return 1
    tell("the stable track takes over")
    make_canary_stable(workspace, workspace.settings, service)
    _update(workspace, "all clients have the canary; the stable track could not take its version over")
    remove_canary(workspace, service)
    _update(workspace, "the new version is stable; the canary could not be removed")
    tell(f"{service}: promoted; commit {workspace.stack_file.name}")
    return 0


def roll_back(workspace: Workspace, service: str) -> int:
    """Take all clients away from the canary of `service` and return the exit code; it needs no metrics."""
    refuse_elsewhere(workspace)
    canary_of(workspace, service)
    take_back(workspace, service, StackObjects.of(workspace.stack, workspace.variables))
    print(f"{service}: everybody has the stable version; commit {workspace.stack_file.name}")
    return 0


def _update(workspace: Workspace, otherwise: str) -> None:
    if lifecycle.update(workspace) != 0:
        raise PulumiError(f"{otherwise}: correct the cause and run `make up`")
