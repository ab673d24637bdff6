"""A region's way in is away: its clients are refused, and served again as soon as it is back."""

from __future__ import annotations

from tests.chaos.outage import kill, outage, start_again
from tests.chaos.scene import Scene

_ROLES = ("agent", "nginx", "configuration")


def _begin(scene: Scene) -> None:
    first = scene.regions[0]
    kill(
        scene,
        [one for role in _ROLES for one in scene.stack.containers(role, service="ingress", region=first)],
    )


DRILL = outage(
    "outage-ingress",
    "Everything in a region's ingress (Nginx, its configuration, its Consul agent) is killed and stays dead",
    _begin,
    start_again,
)
