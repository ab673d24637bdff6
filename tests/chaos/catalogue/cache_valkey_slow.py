"""A Valkey that is far slower than the database."""

from __future__ import annotations

from tests.chaos.caching import ill_valkey, valkeys
from tests.chaos.faults import slow_down, speed_up
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    slow_down(scene, valkeys(scene)[0], delay_milliseconds=300, loss=0)


DRILL = ill_valkey("cache-valkey-slow", "Everything that a region's Valkey says takes 300 ms", _act, speed_up)
