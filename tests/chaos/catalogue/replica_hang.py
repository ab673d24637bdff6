"""A process that lives, keeps its connections, and does nothing: worse than a dead one."""

from __future__ import annotations

import signal

from tests.chaos.faults import replica, send_signal
from tests.chaos.model import LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST, Drill, LoadPlan
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    victim = replica(scene)
    scene.notes["victim"] = victim
    send_signal(victim, signal.SIGSTOP)


def _clean_up(scene: Scene) -> None:
    if "victim" in scene.notes:
        send_signal(scene.notes["victim"], signal.SIGCONT)


DRILL = Drill(
    name="replica-hang",
    purpose="One replica of two in a region hangs (SIGSTOP): its connections stay open and nothing is answered.",
    act=_act,
    criteria=(LESS_THAN_A_SECOND_OF_ERRORS, NO_FAILED_REQUEST, NO_ROW_LOST),
    load=LoadPlan(after_seconds=20),
    clean_up=_clean_up,
)
