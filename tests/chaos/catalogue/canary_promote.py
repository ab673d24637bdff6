"""A good canary becomes the stable version while clients use both."""

from __future__ import annotations

from tests.chaos.canary import set_canary, walk
from tests.chaos.changes import keep_settings, settings_as_before
from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    # Whether a slow canary falls, `canary-slow` asks; all of a small machine may be slower than the usual limit.
    analysis = {"interval_seconds": 3, "checks": 2, "p99_milliseconds": 5000}
    set_canary(scene, SERVICE, environment={"RELEASE": scene.identity}, analysis=analysis)
    scene.observe("exit_code", walk(scene, SERVICE))


DRILL = Drill(
    name="canary-promote",
    purpose="A canary is released and `gostack promote` walks it over 5, 25 and 50 % to all clients; it becomes "
    "stable.",
    prepare=keep_settings,
    act=_act,
    criteria=(Criterion("exit_code", "==", 0), NO_FAILED_REQUEST, NO_ROW_LOST),
    clean_up=settings_as_before,
)
