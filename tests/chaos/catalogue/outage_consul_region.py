"""Discovery is away in one region, for longer than anything is remembered."""

from __future__ import annotations

from tests.chaos.model import NO_FAILED_REQUEST
from tests.chaos.outage import kill, outage, start_again
from tests.chaos.scene import Scene


def _begin(scene: Scene) -> None:
    kill(scene, scene.stack.containers("consul-server", region=scene.regions[0]))


DRILL = outage(
    "outage-consul-region",
    "Every Consul server of a region is killed and stays dead",
    _begin,
    start_again,
    NO_FAILED_REQUEST,
)
