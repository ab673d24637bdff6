"""Dead is not gone: who killed a replica may start it again long after it was missed."""

from __future__ import annotations

from tests.chaos.model import NO_FAILED_REQUEST
from tests.chaos.outage import kill, outage, start_again
from tests.chaos.scene import Scene


def _begin(scene: Scene) -> None:
    first = scene.regions[0]
    kill(scene, [scene.stack.containers("application", service=name, region=first)[0] for name in ("users", "probe")])


DRILL = outage(
    "outage-replicas",
    "One replica of two of each service in a region is killed and stays dead",
    _begin,
    start_again,
    NO_FAILED_REQUEST,
)
