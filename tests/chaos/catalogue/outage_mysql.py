"""The database is away: replicas that need it fail their check, and none may be forgotten for that."""

from __future__ import annotations

import time

from tests.chaos.outage import kill, outage, start_again, wait_for_primary
from tests.chaos.scene import Scene


def _begin(scene: Scene) -> None:
    kill(scene, scene.stack.containers("mysql"))


def _end(scene: Scene) -> None:
    started = time.monotonic()
    start_again(scene)
    # The cause is gone when the database is back, which has a time of its own.
    wait_for_primary(scene)
    scene.observe("mysql_back_after_seconds", time.monotonic() - started)


DRILL = outage(
    "outage-mysql",
    "Every MySQL member is killed and stays dead",
    _begin,
    _end,
)
