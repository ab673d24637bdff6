"""How long a row that was changed in one region is read old in the other."""

from __future__ import annotations

import time

import urllib3

from tests.chaos.caching import with_cache, without_cache
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene

_CHANGES = 1000
_LONGEST_SECONDS = 10


def _act(scene: Scene) -> None:
    here, there = (f"{scene.entry(region)}/{scene.user_id}" for region in scene.regions[:2])
    pool = urllib3.PoolManager(ca_certs=str(scene.stack.authority), retries=False, timeout=10)
    delays = sorted(_delay(pool, here, there, f"{scene.identity} {number}") for number in range(_CHANGES))
    scene.observe("changes", len(delays))
    scene.observe("stale_p50_seconds", delays[len(delays) // 2])
    scene.observe("stale_p99_seconds", delays[int(len(delays) * 0.99)])
    scene.observe("stale_longest_seconds", delays[-1])


def _delay(pool: urllib3.PoolManager, here: str, there: str, name: str) -> float:
    """Change the name in one region and return how long the other one answered the old one."""
    before = pool.request("GET", there).json()["data"]
    written = pool.request("PUT", here, json={"name": name, "email": before["email"]})
    if written.status != 200:
        raise DrillError(f"a change was answered with {written.status}")
    acknowledged = time.monotonic()
    while time.monotonic() - acknowledged < _LONGEST_SECONDS:
        asked = time.monotonic()
        if pool.request("GET", there).json()["data"]["name"] == name:
            return asked - acknowledged
    raise DrillError(f"the other region answers an old row after {_LONGEST_SECONDS} s")


DRILL = Drill(
    name="cache-staleness",
    purpose=f"A row is changed {_CHANGES} times in one region and read in the other until it is new there.",
    prepare=with_cache,
    act=_act,
    criteria=(Criterion("changes", "==", _CHANGES), Criterion("stale_p99_seconds", "<", 1), NO_ROW_LOST),
    load=LoadPlan(rate=10),
    clean_up=without_cache,
)
