"""Valkey no longer takes the password that the service has."""

from __future__ import annotations

from tests.chaos.caching import ill_valkey, say, valkeys
from tests.chaos.scene import Scene

_OTHER = "another"


def _act(scene: Scene) -> None:
    scene.notes["strict"] = valkeys(scene)
    for valkey in scene.notes["strict"]:
        # Connections stay logged in: so they are ended, and come back with the old password.
        say(valkey, f"CONFIG SET requirepass {_OTHER}", "CLIENT KILL TYPE pubsub", "CLIENT KILL TYPE normal")


def _end(scene: Scene) -> None:
    for valkey in scene.notes.get("strict", []):
        valkey.restart()


DRILL = ill_valkey("cache-wrong-password", "The Valkey of every region refuses the service's password", _act, _end)
