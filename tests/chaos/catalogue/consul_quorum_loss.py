"""Without discovery, Nginx keeps the instances that it knows."""

from __future__ import annotations

import time

from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene

_SECONDS = 5


def _act(scene: Scene) -> None:
    servers = scene.stack.containers("consul-server", region=scene.regions[0])
    *first, last = servers
    for server in first:
        server.kill()
    time.sleep(_SECONDS)
    last.kill()
    time.sleep(_SECONDS)
    # The way back is under load too.
    scene.up()


DRILL = Drill(
    name="consul-quorum-loss",
    purpose="Two of three Consul servers of a region are killed, then the third; `make up` brings them back.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
)
