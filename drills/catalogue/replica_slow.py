"""A replica behind a bad line is neither dead nor well."""

from __future__ import annotations

from drills.faults import replica, slow_down, speed_up
from drills.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from drills.scene import Scene


def _act(scene: Scene) -> None:
    slow_down(scene, replica(scene), delay_milliseconds=300, loss=0.2)


DRILL = Drill(
    name="replica-slow",
    purpose="Every packet that one replica of two sends is 300 ms late, and one in five is lost.",
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
    clean_up=speed_up,
)
