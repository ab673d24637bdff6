"""The member that takes the writes dies in the middle of them."""

from __future__ import annotations

from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    victim = scene.primary
    scene.strike()
    victim.kill()


DRILL = Drill(
    name="mysql-primary-kill",
    purpose="The MySQL primary is killed with SIGKILL under writes and stays dead until `make up`.",
    act=_act,
    criteria=(Criterion("outage", "<", 13), Criterion("recovered", "<", 13), NO_ROW_LOST),
    load=LoadPlan(after_seconds=25),
)
