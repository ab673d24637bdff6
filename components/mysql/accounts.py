"""The accounts of MySQL as SQL; the only secrets in it are the passwords that the caller gives."""

from __future__ import annotations

import hashlib
import json
import re

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
    "CREATE USER, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, "
    "CREATE ROUTINE, ALTER ROUTINE, EXECUTE, SELECT, INSERT, UPDATE, DELETE, RELOAD, PROCESS, REPLICATION CLIENT, "
    "REPLICATION SLAVE",
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


MONITORING_ACCOUNT = "monitoring"
"""Account by which the telemetry asks each member how it is; it may read no row of a service."""

_MONITORED = (
    "replication_connection_status",
    "replication_applier_status",
    "replication_applier_status_by_worker",
    "replication_group_members",
)
"""Tables of performance_schema; others there hold the statements of services, with values."""


def stack_accounts_sql(replication_password: str, monitoring_password: str = "") -> str:
    """Return SQL that makes the cluster's own accounts, or gives them these passwords. Run on the primary.

    Without a `monitoring_password` nobody asks, and there is no account for it.
    """
    unused = (*RETIRED_ACCOUNTS, *(() if monitoring_password else (MONITORING_ACCOUNT,)))
    return "".join(
        [
            *(f"DROP USER IF EXISTS '{account}'@'%';\n" for account in unused),
            _account(REPLICATION_ACCOUNT, replication_password),
            f"GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO '{REPLICATION_ACCOUNT}'@'%';\n",
            _monitoring(monitoring_password) if monitoring_password else "",
        ]
    )


def _monitoring(password: str) -> str:
    grants = (f"GRANT SELECT ON performance_schema.{table} TO '{MONITORING_ACCOUNT}'@'%';\n" for table in _MONITORED)
    return "".join([_account(MONITORING_ACCOUNT, password), *grants])


# What a migration has made a routine of, the service may call.
_ROWS = "SELECT, INSERT, UPDATE, DELETE, EXECUTE"
_DEFINITIONS = (
    "CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER, LOCK TABLES, CREATE ROUTINE, "
    "ALTER ROUTINE"
)
_TABLES = f"{_ROWS}, {_DEFINITIONS}"

MIGRATION_CONNECTIONS = 5
"""Connections that the account of a schema's migrations may have to a member."""


def service_accounts_sql(
    *,
    database: str,
    application_password: str,
    migration_password: str,
    rights: str = "rows",
    max_connections: int = 0,
) -> str:
    """Return SQL that makes a service's schema and its two accounts: one for data, one for the schema's migrations.

    With the rights `schema`, and not `rows`, the first may do what the second may. `max_connections` are those that it
    may have to a member, 0 for as many as the member takes.
    """
    migration = migration_account(database)
    return "".join(
        [
            f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;\n",
            _account(database, application_password),
            _limit(database, max_connections),
            _schema_grant(_TABLES if rights == "schema" else _ROWS, database, database),
            # It may have had them until now.
            _schema_revoke(_DEFINITIONS, database, database) if rights == "rows" else "",
            _account(migration, migration_password),
            _limit(migration, MIGRATION_CONNECTIONS),
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


def _schema_revoke(privileges: str, database: str, account: str) -> str:
    return f"REVOKE IF EXISTS {privileges} ON `{schema_pattern(database)}`.* FROM '{account}'@'%';\n"


def _limit(account: str, connections: int) -> str:
    return f"ALTER USER '{account}'@'%' WITH MAX_USER_CONNECTIONS {connections};\n"


def migration_account(database: str) -> str:
    """Return the name of the account that may change the schema of `database`."""
    # MySQL allows 32 characters.
    return f"{database[:22]}_migration"


def _account(name: str, password: str) -> str:
    user, quoted = f"'{name}'@'%'", _quoted(password)
    generation = hashlib.sha256(password.encode()).hexdigest()[:16]
    attribute = _quoted(json.dumps({"generation": generation}))
    # Only where it is missing: MySQL refuses to make an account, even one that is there, by whose name a routine or a
    # view runs.
    create = f"CREATE USER {user} IDENTIFIED BY {quoted} REQUIRE SSL ATTRIBUTE {attribute}"
    # The old password stays good until the next rotation: replicas that still use it keep working meanwhile. The same
    # statement run twice would retain the new password in the place of the old one: the attribute tells that it ran.
    change = f"ALTER USER {user} IDENTIFIED BY {quoted} RETAIN CURRENT PASSWORD ATTRIBUTE {attribute}"
    return "".join(
        [
            _KNOWN_GENERATION.replace("ACCOUNT", name),
            f"SET @change = CASE WHEN @there = 0 THEN {_quoted(create)} WHEN @known <=> '{generation}' THEN 'DO 0' "
            f"ELSE {_quoted(change)} END;\n",
            "PREPARE change_password FROM @change;\n",
            "EXECUTE change_password;\n",
            "DEALLOCATE PREPARE change_password;\n",
        ]
    )


_KNOWN_GENERATION = (
    "SELECT COUNT(*), MAX(ATTRIBUTE->>'$.generation') INTO @there, @known FROM information_schema.USER_ATTRIBUTES "
    "WHERE USER = 'ACCOUNT' AND HOST = '%';\n"
)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
