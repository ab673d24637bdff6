"""A backup is worth what a stack that never saw the data makes of it."""

from __future__ import annotations

from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.mysql import wait_for_members
from tests.chaos.scene import DrillError, Scene
from tests.support.live import RunningStack
from tools.gostack.database.backup import backup
from tools.gostack.database.restore import (
    restore,
)
from tools.gostack.lifecycle import lifecycle

# Every column of every row, in one number that does not depend on the order of the rows.
_CHECKSUM = (
    "SELECT CONCAT(COUNT(*), ' rows, checksum ', "
    "COALESCE(SUM(CRC32(CONCAT_WS('|', id, name, email, created_at, updated_at))), 0)) FROM users.users"
)


def _act(scene: Scene) -> None:
    workspace, file = scene.stack.workspace, scene.folder / "backup.sql.gz"
    before = scene.stack.rows_in(scene.primary, _CHECKSUM)
    with scene.logged("restore.log"):
        if backup(workspace, file) != 0:
            raise DrillError("the backup failed")
        if lifecycle.down(workspace, purge=True) != 0 or lifecycle.up(workspace) != 0:
            raise DrillError("the stack was not made anew")
    # Another authority, other passwords, empty tables.
    scene.stack = RunningStack(workspace, scene.stack.objects)
    empty = scene.stack.rows_in(scene.primary, "SELECT COUNT(*) FROM users.users")
    with scene.logged("restore.log"):
        code = restore(workspace, file, force=False)
    wait_for_members(scene)
    after = [scene.stack.rows_in(member, _CHECKSUM) for member in scene.stack.containers("mysql")]
    scene.observe("exit_code", code)
    scene.observe("rows_before_the_restore", float(empty[0]))
    scene.observe("rows_restored", float(before[0].partition(" ")[0]))
    scene.observe("members_with_other_rows", sum(found != before for found in after))


DRILL = Drill(
    name="restore-fresh-stack",
    purpose="A backup is made, the stack and its data are removed, a new one is brought up, and the backup is restored "
    "into it; every member is compared row by row. Nobody sends requests meanwhile.",
    act=_act,
    criteria=(
        Criterion("exit_code", "==", 0),
        Criterion("rows_before_the_restore", "==", 0),
        Criterion("rows_restored", ">=", 1),
        Criterion("members_with_other_rows", "==", 0),
        NO_ROW_LOST,
    ),
    load=LoadPlan(protocols=(), before_seconds=0, after_seconds=0),
)
