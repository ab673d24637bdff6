"""The primary is moved on purpose, before its region is taken out of service."""

from __future__ import annotations

from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill, LoadPlan
from tests.chaos.mysql import only_with_a_group, switch_primary, to_the_first_region
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    target = scene.doomed_region
    scene.strike()
    switch_primary(scene, target)


DRILL = Drill(
    name="mysql-switch",
    purpose="`gostack failover` moves the primary to the other region.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    load=LoadPlan(after_seconds=10),
    clean_up=to_the_first_region,
    reason_against=only_with_a_group,
)
