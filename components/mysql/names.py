"""Names in MySQL that already mean something, and names as MySQL's statements read them."""

from __future__ import annotations

from components.aws.aurora.parameters import ADMINISTRATOR
from components.mysql.accounts import (
    ADMINISTRATION_ACCOUNT,
    GROUP_ACCOUNT,
    MONITORING_ACCOUNT,
    REPLICATION_ACCOUNT,
    RETIRED_ACCOUNTS,
)

_MYSQL_ITSELF = {
    # https://dev.mysql.com/doc/refman/9.7/en/reserved-accounts.html, and the user of a thread of the server:
    # https://dev.mysql.com/doc/refman/9.7/en/event-scheduler.html.
    *("root", "mysql.sys", "mysql.session", "mysql.infoschema", "event_scheduler"),
    # Schemas of the server and of NDB.
    *("mysql", "sys", "information_schema", "performance_schema", "ndbinfo"),
}

_STACK = frozenset({REPLICATION_ACCOUNT, MONITORING_ACCOUNT, *RETIRED_ACCOUNTS, ADMINISTRATION_ACCOUNT, GROUP_ACCOUNT})

_FILES = ("ibdata", "ibtmp", "ib_", "undo_0", "mysql_")
"""How the files begin that the server has in its data folder, where a schema is a folder too; `mysql_` also begins the
schemas of MySQL Shell."""

_AMAZON_PREFIXES = ("rds", "aws_")
"""How the accounts, roles and schemas begin that Amazon makes: rdsadmin, rdsrepladmin, rdsproxyadmin, rdstopmgr,
rds_superuser_role, aws_s3_access, …"""


def owner_of(name: str) -> str:
    """Return who has a schema, an account or a role with this name already; "" when a service may have it.

    The answer is the same on every platform: what runs in staging must have its name in prod too. MySQL compares the
    names of accounts by their exact characters, and those of schemas too on Linux; capitals make no other name here,
    because tools and other systems do not tell them apart.
    """
    name = name.lower()
    if name in _MYSQL_ITSELF or name.startswith(_FILES):
        return "MySQL itself"
    if name in _STACK:
        return "the stack itself"
    if name == ADMINISTRATOR:
        return "the administrator of a database on AWS"
    if name.startswith(_AMAZON_PREFIXES):
        return "Amazon RDS"
    return ""
