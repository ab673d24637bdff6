"""The database: one primary, a primary with replicas, or a group that chooses its primary."""

from components.mysql.accounts import (
    ADMINISTRATION_ACCOUNT,
    BOOT_SQL,
    GROUP_ACCOUNT,
    REPLICATION_ACCOUNT,
    RETIRED_ACCOUNTS,
    administration_boot_sql,
    group_boot_sql,
    migration_account,
    schema_pattern,
    service_accounts_sql,
    stack_accounts_sql,
)
from components.mysql.configuration import (
    DATA,
    FILES,
    PORT,
    SOCKET,
    GroupMember,
    group_health_test,
    health_test,
    member_configuration,
    server_id,
)

__all__ = [
    "ADMINISTRATION_ACCOUNT",
    "BOOT_SQL",
    "DATA",
    "FILES",
    "GROUP_ACCOUNT",
    "PORT",
    "REPLICATION_ACCOUNT",
    "RETIRED_ACCOUNTS",
    "SOCKET",
    "GroupMember",
    "administration_boot_sql",
    "group_boot_sql",
    "group_health_test",
    "health_test",
    "member_configuration",
    "migration_account",
    "schema_pattern",
    "server_id",
    "service_accounts_sql",
    "stack_accounts_sql",
]
