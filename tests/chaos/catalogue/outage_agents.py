"""Without their agents replicas are not known, though they are well."""

from __future__ import annotations

from tests.chaos.model import NO_FAILED_REQUEST
from tests.chaos.outage import kill, outage, start_again
from tests.chaos.scene import Scene


def _begin(scene: Scene) -> None:
    first = scene.regions[0]
    kill(
        scene,
        [agent for name in ("users", "probe") for agent in scene.stack.containers("agent", service=name, region=first)],
    )


DRILL = outage(
    "outage-agents",
    "Every replica's Consul agent in a region is killed and stays dead",
    _begin,
    start_again,
    NO_FAILED_REQUEST,
)
