"""What the drills of the database share."""

from __future__ import annotations

from contextlib import redirect_stdout

from tests.chaos.scene import DrillError, Scene
from tests.support.live import wait_until
from tools.gostack.database import failover


def only_with_a_group(scene: Scene) -> str:
    """Why a drill that moves the primary cannot run here; empty when it can."""
    topology = scene.stack.workspace.settings.mysql.topology
    return "" if topology == "group" else f'with the topology "{topology}" no other member takes over the writes.'


def switch_primary(scene: Scene, region: str) -> None:
    """Move the primary to a region, as `gostack failover` does."""
    log = scene.folder / "failover.log"
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file):
        code = failover.failover(scene.stack.workspace, region)
    if code != 0:
        raise DrillError(f"the primary was not moved to {region}: {log.read_text(encoding='utf-8')}")


def to_the_first_region(scene: Scene) -> None:
    """Bring the primary back to where the stack's settings made it."""
    wait_for_members(scene)
    switch_primary(scene, scene.stack.workspace.settings.mysql.primary)


def wait_for_members(scene: Scene, seconds: float = 120) -> None:
    """Wait until every member that runs is in the group."""
    question = "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE member_state = 'ONLINE'"

    def complete() -> bool:
        members = scene.stack.containers("mysql")
        return all(scene.stack.rows_in(member, question) == [str(len(members))] for member in members)

    wait_until(complete, seconds, "every member of MySQL is in the group")
