"""How long a row that was changed in one region is read old in the other."""

from __future__ import annotations

import time

import urllib3

from tests.chaos.caching import with_cache, without_cache
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene
from tests.support.cached_service import TTL_SECONDS

_CHANGES = 1000
_UNHEARD_CHANGES = 30
_LONGEST_SECONDS = 10
_IN_A_ROW = 4
"""Twice as many as a region has replicas, which nginx asks in turn."""


def _act(scene: Scene) -> None:
    here, there = (f"{scene.entry(region)}/{scene.user_id}" for region in scene.regions[:2])
    pool = urllib3.PoolManager(ca_certs=str(scene.stack.authority), retries=False, timeout=10)
    delays = sorted(_heard(pool, here, there, f"{scene.identity} {number}") for number in range(_CHANGES))
    scene.observe("changes", len(delays))
    scene.observe("stale_p50_seconds", delays[len(delays) // 2])
    scene.observe("stale_p99_seconds", delays[int(len(delays) * 0.99)])
    scene.observe("stale_longest_seconds", delays[-1])
    unheard = [_unheard(scene, pool, there, f"{scene.identity} unheard {number}") for number in range(_UNHEARD_CHANGES)]
    scene.observe("unheard_longest_seconds", max(unheard))
    scene.observe("unheard_beyond_the_ttl_seconds", max(0.0, max(unheard) - TTL_SECONDS))


def _heard(pool: urllib3.PoolManager, here: str, there: str, name: str) -> float:
    """Change the name in one region and return how long the other one answered the old one."""
    before = pool.request("GET", there).json()["data"]
    written = pool.request("PUT", here, json={"name": name, "email": before["email"]})
    if written.status != 200:
        raise DrillError(f"a change was answered with {written.status}")
    return _stale_seconds(pool, there, name, time.time())


def _unheard(scene: Scene, pool: urllib3.PoolManager, there: str, name: str) -> float:
    """Change the name behind the service's back, as if the word of it were lost, and return the same."""
    change = f"SET name = '{name}', updated_at = updated_at + INTERVAL 1 MICROSECOND WHERE id = {scene.user_id}"
    # Until MySQL's client has ended, a part of the time is over: so the server says when it was.
    (at,) = scene.stack.rows_in(scene.primary, f"UPDATE users.users {change}; SELECT UNIX_TIMESTAMP(NOW(6))")
    return _stale_seconds(pool, there, name, float(at))


def _stale_seconds(pool: urllib3.PoolManager, there: str, name: str, changed: float) -> float:
    since, new = changed, 0
    while time.time() - changed < _LONGEST_SECONDS:
        asked = time.time()
        if pool.request("GET", there).json()["data"]["name"] != name:
            new = 0
            continue
        if new == 0:
            since = asked
        new += 1
        if new == _IN_A_ROW:
            return since - changed
    raise DrillError(f"the other region answers an old row after {_LONGEST_SECONDS} s")


DRILL = Drill(
    name="cache-staleness",
    purpose=f"A row is changed {_CHANGES} times in one region and read in the other until every replica has it new; "
    f"then {_UNHEARD_CHANGES} times behind the service's back, of which no replica hears.",
    prepare=with_cache,
    act=_act,
    criteria=(
        Criterion("changes", "==", _CHANGES),
        Criterion("stale_p99_seconds", "<", 1),
        Criterion("unheard_beyond_the_ttl_seconds", "<", 0.1),
        NO_ROW_LOST,
    ),
    load=LoadPlan(),
    clean_up=without_cache,
)
