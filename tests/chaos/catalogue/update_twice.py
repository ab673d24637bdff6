"""Two people update the same stack."""

from __future__ import annotations

import uuid

from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from tests.chaos.scene import DrillError, Scene
from tools.gostack.lifecycle.lock import release_stale_lock
from tools.gostack.lifecycle.workspace import PulumiError


def _act(scene: Scene) -> None:
    scene.stack.change_settings(SERVICE, environment={"LOG_LEVEL": "info", "RELEASE": uuid.uuid4().hex})
    first = scene.stack.start_up()
    try:
        scene.stack.wait_for_lock()
        refused = int(scene.stack.start_up().wait(timeout=180) != 0)
        try:
            # What `make up` asks before anything else.
            release_stale_lock(scene.stack.workspace)
        except PulumiError:
            refused += 1
    finally:
        code = first.wait(timeout=300)
    if code != 0:
        raise DrillError(f"the first update failed with exit code {code}")
    scene.observe("updates_refused", refused)


DRILL = Drill(
    name="update-twice",
    purpose="While `pulumi up` replaces every replica, a second `pulumi up` and a `make up` are started.",
    act=_act,
    criteria=(Criterion("updates_refused", "==", 2), NO_FAILED_REQUEST, NO_ROW_LOST),
)
