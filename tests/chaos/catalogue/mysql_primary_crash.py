"""A crash that the engine sees and answers with a restart."""

from __future__ import annotations

import signal

from tests.chaos.faults import send_signal
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    victim = scene.primary
    scene.strike()
    send_signal(victim, signal.SIGKILL)


DRILL = Drill(
    name="mysql-primary-crash",
    purpose="The process of the MySQL primary crashes (kill -9) under writes; the engine restarts its container.",
    act=_act,
    criteria=(Criterion("outage", "<", 13), Criterion("recovered", "<", 13), NO_ROW_LOST),
    load=LoadPlan(after_seconds=25),
)
