"""A process that lives, keeps its connections, and does nothing: worse than a dead one."""

from __future__ import annotations

import signal

from drills.faults import replica, send_signal
from drills.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from drills.scene import Scene


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
    # A write on it may hold its transaction, and with it the second try of the same write, until MySQL drops the
    # connection: that one fails whatever the ingress does. Everything else must go on.
    criteria=(
        Criterion("outage", "<", 1),
        Criterion("failed_reads", "==", 0),
        Criterion("failed_at_the_end", "==", 0),
        NO_ROW_LOST,
    ),
    load=LoadPlan(after_seconds=20),
    clean_up=_clean_up,
)
