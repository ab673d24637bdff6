"""The planned switch of a MySQL group's primary to another region.

It takes neither Pulumi's lock nor that of `make`: nothing in the state changes, the group itself refuses two switches
at once, and whoever must leave a region cannot wait for an update that hangs there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.settings import Settings
from tools.gostack.database.mysql_members import DatabaseError, ask_member, running_members
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import Workspace

TRANSACTION_SECONDS = 30
"""Time in seconds that transactions under way have to end; then they are rolled back and their clients told."""

PATIENCE_SECONDS = 60.0

_VIEW = """\
SELECT CONCAT_WS(' ', member_id, SUBSTRING_INDEX(member_host, 'mysql-', -1), member_state, member_role)
FROM performance_schema.replication_group_members
WHERE (SELECT COUNT(*) FROM performance_schema.replication_group_members
       WHERE member_id = @@server_uuid AND member_state = 'ONLINE') = 1"""


class FailoverError(UserError):
    """The primary cannot be moved; the text is one sentence for whoever asked."""


@dataclass(frozen=True)
class Member:
    """A member as the group sees it."""

    identity: str
    place: str
    state: str
    role: str


Ask = Callable[[str, str], list[str]]
"""Ask the member of a place a query: the lines of its answer, none when it does not answer."""


def failover(workspace: Workspace, region: str) -> int:
    """Make the member of a region the primary, tell how it went, and return the exit code; raises FailoverError."""
    check(workspace.settings, region)
    objects = StackObjects.of(workspace.stack, workspace.variables)
    for sentence in move_primary(asker(objects), places(workspace.settings), region):
        print(sentence, flush=True)
    return 0


def check(settings: Settings, region: str) -> None:
    """Raise FailoverError when the settings have no such primary."""
    topology = settings.mysql.topology
    if topology != "group":
        raise FailoverError(
            f'gostack:mysql.topology is "{topology}", whose primary does not move: only that of "group" does.'
        )
    if not region:
        raise FailoverError(f"say to which region: REGION={' or REGION='.join(sorted(places(settings)))}.")
    if region not in places(settings):
        raise FailoverError(f'there is no region "{region}": use one of {", ".join(sorted(places(settings)))}.')


def places(settings: Settings) -> list[str]:
    """Return where the group has members."""
    return settings.failure_domains()


def move_primary(ask: Ask, members: list[str], region: str, patience: float = PATIENCE_SECONDS) -> list[str]:
    """Make the member of a region the primary and return what happened; `patience` is in seconds.

    Raises FailoverError when the group cannot do it.
    """
    view = group_view(ask, members)
    before = _primary(view)
    target = next((member for member in view if member.place == region), None)
    if target is None:
        raise FailoverError(f"the member of {region} is not in the group: run `make up`, which brings it back.")
    if target.state != "ONLINE":
        raise FailoverError(f"the member of {region} is {target.state}: wait until it has caught up.")
    if target.role == "PRIMARY":
        return [f"the primary is in {region} already"]
    started = time.monotonic()
    # Any member may be asked; the primary is known to live.
    if not ask(before, f"SELECT group_replication_set_as_primary('{target.identity}', {TRANSACTION_SECONDS})"):
        raise FailoverError("the group refuses while a member joins or leaves: try again in a few seconds.")
    while ask(region, "SELECT @@super_read_only") != ["0"]:
        if time.monotonic() - started > patience:
            raise FailoverError(
                f"the member of {region} takes no writes after {patience:.0f} s; the primary is in "
                f"{_primary(group_view(ask, members))}: look at `docker logs` of the members."
            )
        time.sleep(0.1)
    seconds = time.monotonic() - started
    after = _primary(group_view(ask, members))
    return [f"the primary was in {before}", f"the primary is in {after} and takes writes, after {seconds:.1f} s"]


def asker(objects: StackObjects) -> Ask:
    """Return how the members of a stack are asked: as root, through the socket in their containers."""
    containers = running_members(objects)

    def ask(place: str, query: str) -> list[str]:
        container = containers.get(place)
        if container is None:
            return []
        try:
            return ask_member(container, query)
        except DatabaseError:
            return []

    return ask


def group_view(ask: Ask, members: list[str]) -> list[Member]:
    """Return what the first member that is in the group says of all; raises FailoverError when none is."""
    for place in members:
        lines = ask(place, _VIEW)
        if lines:
            return [Member(*line.split(" ")) for line in lines]
    raise FailoverError("no member of the MySQL group is online: run `make up`.")


def _primary(view: list[Member]) -> str:
    place = next((member.place for member in view if member.role == "PRIMARY" and member.state == "ONLINE"), None)
    if place is None:
        raise FailoverError("the MySQL group has no primary at this moment: try again in a few seconds.")
    return place
