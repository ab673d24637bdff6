"""MySQL's configuration and accounts as text.

Settings: https://dev.mysql.com/doc/refman/9.7/en/. Nothing here is a secret but the passwords that the caller puts in.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

PORT = 3306
SOCKET = "/var/run/mysqld/mysqld.sock"
DATA = "/var/lib/mysql/data"
FILES = "/tmp/mysql"


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
    switch = "ON" if read_only else "OFF"
    return f"""\
[mysqld]
server_id = {server_id}
datadir = {DATA}
socket = {SOCKET}
pid_file = {FILES}/mysqld.pid
port = {PORT}
mysqlx = OFF
skip_name_resolve = ON
secure_file_priv = NULL
require_secure_transport = ON
ssl_ca = {FILES}/authority.pem
ssl_cert = {FILES}/certificate.pem
ssl_key = {FILES}/private_key.pem
tls_version = TLSv1.2,TLSv1.3

character_set_server = utf8mb4
collation_server = utf8mb4_0900_ai_ci
default_time_zone = +00:00

max_connections = {max_connections}
innodb_buffer_pool_size = {buffer_pool_mib}M
innodb_flush_log_at_trx_commit = 1
# Spreading memory over NUMA nodes needs a capability that the container has not.
loose_innodb_numa_interleave = OFF
sync_binlog = 1

gtid_mode = ON
enforce_gtid_consistency = ON
log_bin = binlog
binlog_expire_logs_seconds = 604800
log_replica_updates = ON
relay_log = relay
relay_log_recovery = ON
skip_replica_start = ON
replica_parallel_workers = 2
replica_net_timeout = 10
read_only = {switch}
super_read_only = {switch}

plugin_load_add = auth_socket.so
plugin_load_add = mysql_clone.so
log_error_verbosity = 2
{_group_configuration(group) if group is not None else ""}
[client]
socket = {SOCKET}
default_character_set = utf8mb4
"""


def _group_configuration(group: GroupMember) -> str:
    seeds = ",".join(f"{host}:{PORT}" for host in group.members)
    # `loose`: the plugin is not there yet while the data folder is made.
    values = {
        "group_name": group.group,
        "communication_stack": "MYSQL",
        "local_address": f"{group.host}:{PORT}",
        "group_seeds": seeds,
        "single_primary_mode": "ON",
        "member_weight": group.weight,
        # The start script decides about starting, making and coming back: see shell/mysql-group.sh.
        "start_on_boot": "OFF",
        "bootstrap_group": "OFF",
        "autorejoin_tries": 0,
        "exit_state_action": "READ_ONLY",
        "member_expel_timeout": 0,
        "unreachable_majority_timeout": 10,
        "consistency": "BEFORE_ON_PRIMARY_FAILOVER",
        # 1 GiB by default, more than a small member has.
        "message_cache_size": 128 * 1024 * 1024,
        "ssl_mode": "VERIFY_IDENTITY",
        "recovery_use_ssl": "ON",
        "recovery_ssl_ca": f"{FILES}/authority.pem",
        "recovery_ssl_verify_server_cert": "ON",
    }
    return "".join(
        [
            "\nplugin_load_add = group_replication.so\n",
            f"report_host = {group.host}\n",
            *(f"loose_group_replication_{key} = {value}\n" for key, value in values.items()),
        ]
    )


BOOT_SQL = "SET SQL_LOG_BIN = 0;\nALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket AS 'mysql';\n"
"""Runs at every start: root has no password and cannot come over the network, only as the operating system's user
`mysql` through the socket. Nothing of it goes into the binary log: a replica would have a transaction that its primary
does not know."""


GROUP_ACCOUNT = "group_replication"
"""Account by which the members of a group ask each other and take over what they have missed."""


def group_boot_sql(password: str) -> str:
    """Return what a member of a group runs at every start: BOOT_SQL and its own copy of the account GROUP_ACCOUNT.

    It goes into no binary log either: a member that had transactions of its own could not join.
    """
    user = f"'{GROUP_ACCOUNT}'@'%'"
    return "".join(
        [
            BOOT_SQL,
            f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {_quoted(password)} REQUIRE SSL;\n",
            f"ALTER USER {user} IDENTIFIED BY {_quoted(password)} REQUIRE SSL;\n",
            f"GRANT REPLICATION SLAVE, BACKUP_ADMIN, CONNECTION_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO {user};\n",
            f"GRANT SELECT ON performance_schema.* TO {user};\n",
        ]
    )


ADMINISTRATION_ACCOUNT = "administration"
"""Account by which schemas and accounts are made over the network, where no job can reach the socket."""

# Exactly what the accounts that it makes are given, and what making them takes.
_ADMINISTRATION_GRANTS = (
    "CREATE USER, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, SELECT, "
    "INSERT, UPDATE, DELETE, RELOAD, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE",
    "BACKUP_ADMIN, APPLICATION_PASSWORD_ADMIN",
)


def administration_boot_sql(password: str) -> str:
    """Return what a member runs at every start: BOOT_SQL and its own copy of the account ADMINISTRATION_ACCOUNT.

    It goes into no binary log either, so that a replica has no transaction that its primary does not know.
    """
    user = f"'{ADMINISTRATION_ACCOUNT}'@'%'"
    return "".join(
        [
            BOOT_SQL,
            f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {_quoted(password)} REQUIRE SSL;\n",
            f"ALTER USER {user} IDENTIFIED BY {_quoted(password)} REQUIRE SSL;\n",
            *(f"GRANT {grants} ON *.* TO {user} WITH GRANT OPTION;\n" for grants in _ADMINISTRATION_GRANTS),
        ]
    )


REPLICATION_ACCOUNT = "replication"
"""Account by which replicas follow their primary and begin as its copies."""

RETIRED_ACCOUNTS = ("backup", "exporter")
"""Accounts that earlier releases made and nothing used; they are dropped where they are found, so no service may have
their names."""


def stack_accounts_sql(replication_password: str) -> str:
    """Return SQL that makes the cluster's own account, or gives it this password. Run on the primary."""
    return "".join(
        [
            *(f"DROP USER IF EXISTS '{account}'@'%';\n" for account in RETIRED_ACCOUNTS),
            _account(REPLICATION_ACCOUNT, replication_password),
            f"GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO '{REPLICATION_ACCOUNT}'@'%';\n",
        ]
    )


_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_TABLES = f"{_ROWS}, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, LOCK TABLES"


def service_accounts_sql(*, database: str, application_password: str, migration_password: str) -> str:
    """Return SQL that makes a service's schema and its two accounts: one for data, one for the schema's migrations."""
    migration = migration_account(database)
    return "".join(
        [
            f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;\n",
            _account(database, application_password),
            _schema_grant(_ROWS, database, database),
            _account(migration, migration_password),
            _schema_grant(_TABLES, database, migration),
        ]
    )


def schema_pattern(database: str) -> str:
    """Return a schema's name as GRANT and REVOKE read it: for them `_` is any character and `%` any characters.

    https://dev.mysql.com/doc/refman/9.7/en/grant.html#grant-database-privileges
    """
    return re.sub(r"([_%\\])", r"\\\1", database)


def _schema_grant(privileges: str, database: str, account: str) -> str:
    pattern, user = schema_pattern(database), f"'{account}'@'%'"
    grant = f"GRANT {privileges} ON `{pattern}`.* TO {user};\n"
    if pattern == database:
        return grant
    # Earlier releases granted the name as it is, and with it every schema that it matches. First the new one: between
    # the two statements replicas go on working.
    return f"{grant}REVOKE IF EXISTS {privileges} ON `{database}`.* FROM {user};\n"


def migration_account(database: str) -> str:
    """Return the name of the account that may change the schema of `database`."""
    # MySQL allows 32 characters.
    return f"{database[:22]}_migration"


def _account(name: str, password: str) -> str:
    user, quoted = f"'{name}'@'%'", _quoted(password)
    generation = hashlib.sha256(password.encode()).hexdigest()[:16]
    attribute = _quoted(json.dumps({"generation": generation}))
    # The old password stays good until the next rotation: replicas that still use it keep working meanwhile. The same
    # statement run twice would retain the new password in the place of the old one: the attribute tells that it ran.
    change = f"ALTER USER {user} IDENTIFIED BY {quoted} RETAIN CURRENT PASSWORD ATTRIBUTE {attribute}"
    return "".join(
        [
            f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {quoted} REQUIRE SSL ATTRIBUTE {attribute};\n",
            _KNOWN_GENERATION.replace("ACCOUNT", name),
            f"SET @change = IF(@known <=> '{generation}', 'DO 0', {_quoted(change)});\n",
            "PREPARE change_password FROM @change;\n",
            "EXECUTE change_password;\n",
            "DEALLOCATE PREPARE change_password;\n",
        ]
    )


_KNOWN_GENERATION = (
    "SET @known = (SELECT ATTRIBUTE->>'$.generation' FROM information_schema.USER_ATTRIBUTES "
    "WHERE USER = 'ACCOUNT' AND HOST = '%');\n"
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


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
