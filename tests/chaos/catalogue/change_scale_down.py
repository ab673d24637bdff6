"""Fewer replicas: those that go finish what they have begun."""

from __future__ import annotations

from tests.chaos.changes import REPLICAS, apply, scale
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _prepare(scene: Scene) -> None:
    scale(scene, REPLICAS + 1)
    scene.up()


def _act(scene: Scene) -> None:
    scale(scene, REPLICAS)
    apply(scene)


def _clean_up(scene: Scene) -> None:
    scale(scene, REPLICAS)


DRILL = Drill(
    name="change-scale-down",
    purpose="The service is scaled from 3 to 2 replicas in each region.",
    prepare=_prepare,
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    clean_up=_clean_up,
)
