"""The database is away and the service answers what it knows."""

from __future__ import annotations

import time

from tests.chaos.caching import with_cache, without_cache
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.outage import kill, start_again, wait_for_primary
from tests.chaos.scene import DrillError, Scene

_NOTICED_SECONDS = 5
_WRITES = 100


def _act(scene: Scene) -> None:
    scene.observe("outage_seconds", scene.outage_seconds)
    kill(scene, scene.stack.containers("mysql"))
    until = time.monotonic() + scene.outage_seconds
    # Until every replica has noticed.
    time.sleep(_NOTICED_SECONDS)
    delays = sorted(_refusal(scene, number) for number in range(_WRITES))
    scene.observe("refused_p99_seconds", delays[int(len(delays) * 0.99)])
    time.sleep(max(0.0, until - time.monotonic()))
    started = time.monotonic()
    start_again(scene)
    wait_for_primary(scene)
    scene.observe("mysql_back_after_seconds", time.monotonic() - started)
    # From here on everything is to be normal again.
    scene.strike()


def _refusal(scene: Scene, number: int) -> float:
    """Try to write and return how long the refusal took; raises DrillError when it says not when to come back."""
    entry = scene.entry(scene.regions[number % len(scene.regions)])
    began = time.monotonic()
    answer = scene.stack.request("POST", entry, {"name": "Drill", "email": f"{scene.identity}-no@drill.example.com"})
    if answer.status != 503 or "Retry-After" not in answer.headers:
        raise DrillError(f"a write is answered with {answer.status} and {dict(answer.headers)}")
    return time.monotonic() - began


def _clean_up(scene: Scene) -> None:
    try:
        start_again(scene)
        wait_for_primary(scene)
    finally:
        without_cache(scene)


DRILL = Drill(
    name="cache-mysql-away",
    purpose="Every MySQL member is killed and stays dead: reads are answered with the last known rows, writes refused "
    "at once; recovery counts from when MySQL takes writes again.",
    prepare=with_cache,
    act=_act,
    criteria=(
        Criterion("read_success", ">=", 0.99),
        Criterion("refused_p99_seconds", "<", 1),
        Criterion("recovered", "<", 5),
        Criterion("failed_at_the_end", "==", 0),
        NO_ROW_LOST,
    ),
    load=LoadPlan(before_seconds=10, after_seconds=15),
    clean_up=_clean_up,
)
