"""A replica behind a bad line is neither dead nor well."""

from __future__ import annotations

from tests.chaos.faults import replica, slow_down, speed_up
from tests.chaos.model import LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST, Drill, LoadPlan
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    slow_down(scene, replica(scene), delay_milliseconds=300, loss=0.2)


DRILL = Drill(
    name="replica-slow",
    purpose="Every packet that one replica of two sends is 300 ms late, and one in five is lost.",
    act=_act,
    criteria=(LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST),
    load=LoadPlan(after_seconds=20),
    clean_up=speed_up,
)
