"""Somebody empties Valkey, as a restart without a disk does."""

from __future__ import annotations

from tests.chaos.caching import ill_valkey, say, valkeys
from tests.chaos.model import nothing
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    for valkey in valkeys(scene):
        say(valkey, "FLUSHALL")


DRILL = ill_valkey("cache-valkey-emptied", "The Valkey of every region is emptied", _act, nothing)
