"""The commonest fault: a process is gone."""

from __future__ import annotations

from tests.chaos.faults import replica
from tests.chaos.model import LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    replica(scene).kill()


DRILL = Drill(
    name="replica-kill",
    purpose="One replica of two in a region is killed and stays dead.",
    act=_act,
    criteria=(LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST),
)
