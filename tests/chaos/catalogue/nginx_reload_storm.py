"""Reloads must not cost a connection a request."""

from __future__ import annotations

import time

from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene

_RELOADS = 10


def _act(scene: Scene) -> None:
    for _ in range(_RELOADS):
        for ingress in scene.stack.containers("nginx"):
            code, output = ingress.exec_run(["sh", "-c", "kill -HUP $(cat /tmp/nginx.pid)"])
            if code != 0:
                raise DrillError(f"{ingress.name} was not reloaded: {output!r}")
        time.sleep(1)


DRILL = Drill(
    name="nginx-reload-storm",
    purpose=f"Every ingress reloads its configuration {_RELOADS} times, once a second.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    load=LoadPlan(new_connections=20),
)
