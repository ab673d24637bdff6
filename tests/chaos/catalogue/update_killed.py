"""An update that is cut off at any moment is completed by the next one, and clients notice neither."""

from __future__ import annotations

import random
import signal
import uuid

from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene

_ROUNDS = 3
_LATEST_SECONDS = 15.0


def _act(scene: Scene) -> None:
    for number in range(1, _ROUNDS + 1):
        scene.stack.change_settings(SERVICE, environment={"LOG_LEVEL": "info", "RELEASE": uuid.uuid4().hex})
        after = random.uniform(0.5, _LATEST_SECONDS)  # a moment, not a secret
        scene.observe(f"killed_after_seconds_{number}", after)
        scene.stack.interrupted_up(after, signal.SIGKILL)
        scene.up()


DRILL = Drill(
    name="update-killed",
    purpose=f"`pulumi up` that replaces every replica is killed at {_ROUNDS} random moments; `make up` completes it.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
)
