"""The commonest release: the same image with other settings."""

from __future__ import annotations

import uuid

from tests.chaos.changes import apply
from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    scene.stack.change_settings(SERVICE, environment={"LOG_LEVEL": "info", "RELEASE": uuid.uuid4().hex})
    apply(scene)


DRILL = Drill(
    name="change-environment",
    purpose="An environment variable of the service changes: every replica is replaced.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
)
