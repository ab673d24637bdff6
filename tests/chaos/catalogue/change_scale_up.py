"""More replicas."""

from __future__ import annotations

from tests.chaos.changes import REPLICAS, apply, scale
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    scale(scene, REPLICAS + 1)
    apply(scene)


def _clean_up(scene: Scene) -> None:
    scale(scene, REPLICAS)


DRILL = Drill(
    name="change-scale-up",
    purpose="The service is scaled from 2 to 3 replicas in each region.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    clean_up=_clean_up,
)
