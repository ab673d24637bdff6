"""A weight is a release of Nginx's configuration; 0 -> 100 is a blue/green switch."""

from __future__ import annotations

from tests.chaos.canary import set_canary
from tests.chaos.changes import keep_settings, settings_as_before
from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene

WEIGHTS = (0, 5, 100, 0)


def _act(scene: Scene) -> None:
    for weight in WEIGHTS:
        set_canary(scene, SERVICE, environment={"RELEASE": scene.identity}, weight=weight)


DRILL = Drill(
    name="canary-weight",
    purpose="A canary gets nobody, 5 %, everybody and nobody again, each by `make up`.",
    prepare=keep_settings,
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    clean_up=settings_as_before,
)
