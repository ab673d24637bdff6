"""No disk is endless. Nothing takes over by itself: the primary waits for space, and so do the writes.

MySQL looks for space once a minute: https://dev.mysql.com/doc/refman/8.4/en/full-disk.html
"""

from __future__ import annotations

import time

from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.mysql import to_the_first_region, wait_for_members
from tests.chaos.scene import Scene
from tests.chaos.small_disk import SmallDisk

_FULL_SECONDS = 20
_LOOKS_EVERY_SECONDS = 60
_SLACK_SECONDS = 5


def _prepare(scene: Scene) -> None:
    group = scene.stack.workspace.settings.mysql.topology == "group"
    if group:
        to_the_first_region(scene)
    member = scene.primary
    disk = SmallDisk.for_data_of(member, scene.folder)
    scene.notes["disk"] = disk
    disk.move_in()
    if group:
        to_the_first_region(scene)


def _act(scene: Scene) -> None:
    disk: SmallDisk = scene.notes["disk"]
    disk.fill()
    time.sleep(_FULL_SECONDS)
    disk.free()
    # What has to recover is counted from here: while the disk is full, no write can succeed.
    scene.strike()


def _clean_up(scene: Scene) -> None:
    if "disk" in scene.notes:
        scene.notes["disk"].move_out()
        if scene.stack.workspace.settings.mysql.topology == "group":
            wait_for_members(scene)


DRILL = Drill(
    name="mysql-disk-full",
    purpose=f"The disk of the MySQL primary is full for {_FULL_SECONDS} s; then there is space again, "
    f"which MySQL notices within {_LOOKS_EVERY_SECONDS} s. Recovery counts from when there is space.",
    prepare=_prepare,
    act=_act,
    criteria=(
        Criterion("failed_reads", "==", 0),
        Criterion("recovered", "<", _LOOKS_EVERY_SECONDS + _SLACK_SECONDS),
        Criterion("failed_at_the_end", "==", 0),
        NO_ROW_LOST,
    ),
    load=LoadPlan(after_seconds=_LOOKS_EVERY_SECONDS + 4 * _SLACK_SECONDS),
    clean_up=_clean_up,
)
