"""Every Valkey is killed and stays dead."""

from __future__ import annotations

from tests.chaos.caching import ill_valkey, valkeys
from tests.chaos.outage import kill, start_again
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    kill(scene, valkeys(scene))


DRILL = ill_valkey("cache-valkey-kill", "The Valkey of every region is killed", _act, start_again)
