"""The configuration of a MySQL member, from the template beside this file, and how its health is told.

Settings: https://dev.mysql.com/doc/refman/9.7/en/.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from components.text import rendered

PORT = 3306
SOCKET = "/var/run/mysqld/mysqld.sock"
DATA = "/var/lib/mysql/data"
FILES = "/tmp/mysql"

PROXY = "mysql-proxy"
"""Name of the proxy of a group's primary: in Consul, of its image, of what is shown of it."""

PROXY_HOST = "mysql"
"""Name under which a region's network knows it. The certificates of the members name it too: TLS is theirs."""

PROXY_SOURCE = "components/mysql/proxy"
"""Folder of its program, relative to the project."""


@dataclass(frozen=True)
class GroupMember:
    """A member of a group: what it tells the others."""

    group: str
    """Name of the group, a UUID that stays the same for ever: it is part of the names of transactions."""

    host: str
    """Host name under which the others find it."""

    members: Sequence[str]
    """Host names of all members, this one included."""

    weight: int
    """The living member with the highest weight becomes the primary, 0 to 100."""


def server_id(place: str) -> int:
    """Return the number of a place's member: its name's checksum, so that another place does not change it."""
    return zlib.crc32(place.encode()) or 1


def member_configuration(
    *, server_id: int, read_only: bool, buffer_pool_mib: int, max_connections: int, group: GroupMember | None = None
) -> str:
    """Return my.cnf of a member. `server_id` is unique in the cluster and at least 1."""
    return rendered(
        "mysql/my.cnf.j2",
        server_id=server_id,
        read_only=read_only,
        buffer_pool_mib=buffer_pool_mib,
        max_connections=max_connections,
        group=group,
        port=PORT,
        socket=SOCKET,
        data=DATA,
        files=FILES,
    )


def health_test(*, read_only: bool) -> list[str]:
    """Return a Docker health check: the server answers and, when it follows another one, still follows it.

    A replica that waits for its primary is well; one whose threads have stopped would serve old rows for ever.
    """
    query = _REPLICATION_RUNS if read_only else "SELECT 2"
    client = f"mysql --user=root --socket={SOCKET} --batch --skip-column-names"
    return ["CMD-SHELL", f'{client} --execute "{query}" | grep -qx 2']


def group_health_test() -> list[str]:
    """Return a Docker health check of a group's member: it is in its group, or can do nothing but wait for others.

    A member that joins or catches up is not well yet: an update that goes from one member to the next waits for it.
    """
    client = f"mysql --user=root --socket={SOCKET} --batch --skip-column-names"
    return [
        "CMD-SHELL",
        f'state=$({client} --execute "{_GROUP_STATE}") && '
        f'{{ [ "$state" = ONLINE ] || {{ [ "$state" = OFFLINE ] && [ -e {FILES}/waiting ]; }}; }}',
    ]


_GROUP_STATE = (
    "SELECT COALESCE((SELECT member_state FROM performance_schema.replication_group_members "
    "WHERE member_id = @@server_uuid), 'OFFLINE')"
)

_REPLICATION_RUNS = (
    "SELECT COUNT(*) FROM (SELECT SERVICE_STATE AS state FROM performance_schema.replication_connection_status "
    "UNION ALL SELECT SERVICE_STATE FROM performance_schema.replication_applier_status) AS threads "
    "WHERE state <> 'OFF'"
)
