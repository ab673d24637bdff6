"""Somebody stops a container by hand."""

from __future__ import annotations

from tests.chaos.faults import replica
from tests.chaos.model import LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    replica(scene).stop(timeout=20)


DRILL = Drill(
    name="replica-stop",
    purpose="One replica of two in a region is told to stop (SIGTERM), without being deregistered before.",
    act=_act,
    criteria=(LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST),
)
