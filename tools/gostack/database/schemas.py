"""`gostack databases`: what lies on the primary, and whose it is.

The member is asked as root through its socket, inside its container: no password is needed, so none can leak.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from infra.settings import Settings
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.programs import output_of
from tools.gostack.running.runtime import runtime_of
from tools.gostack.sql.command import member_for, members_of

NOBODY = "no service owns it"

# Rows are the server's estimate. Without the first statement they may be a day old.
_QUERY = """SET SESSION information_schema_stats_expiry = 0;
SELECT s.schema_name, COUNT(t.table_name), COALESCE(SUM(t.table_rows), 0),
  COALESCE(SUM(t.data_length + t.index_length), 0)
FROM information_schema.schemata s
LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name AND t.table_type = 'BASE TABLE'
WHERE s.schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
GROUP BY s.schema_name ORDER BY s.schema_name"""
_ASK = [
    *("mysql", "--user=root", "--protocol=SOCKET", "--socket=/var/run/mysqld/mysqld.sock"),
    *("--default-character-set=utf8mb4", "--batch", "--skip-column-names", "--execute", _QUERY),
]


@dataclass(frozen=True)
class Schema:
    """A schema on the primary."""

    schema: str

    service: str | None
    """Service whose it is; None when there is none in the settings."""

    tables: int

    rows: int
    """About how many, of all tables."""

    bytes: int
    """About how many, with indexes."""


def databases(workspace: Workspace, *, as_json: bool) -> int:
    """Print the schemas on the primary and return the exit code; raises UserError when nobody can be asked."""
    runtime = runtime_of(workspace)
    primary = member_for(members_of(workspace, runtime, runtime.replicas()), write=True, region=None)
    found = schemas(output_of(runtime.exec(primary.replica, _ASK, tty=False)), workspace.settings)
    if as_json:
        print(json.dumps({"databases": [asdict(schema) for schema in found]}, indent=2))
    else:
        print(as_text(found))
    return 0


def schemas(answer: str, settings: Settings) -> list[Schema]:
    """Return what MySQL answered, with the service that has each schema."""
    owners = {service.database_name(name): name for name, service in settings.services.items()}
    rows = [line.split("\t") for line in answer.splitlines()]
    return [
        Schema(name, owners.get(name), int(tables), int(float(count)), int(float(size)))
        for name, tables, count, size in rows
    ]


def as_text(found: Iterable[Schema]) -> str:
    """Return them as aligned text, one line each."""
    heading = ("schema", "service", "tables", "rows (about)", "MiB")
    lines = [
        heading,
        *(
            (one.schema, one.service or NOBODY, str(one.tables), str(one.rows), f"{one.bytes / 2**20:.1f}")
            for one in found
        ),
    ]
    left, middle = (max(len(line[column]) for line in lines) for column in (0, 1))
    return "\n".join(
        f"{schema:<{left}}  {service:<{middle}}  {tables:>6}  {rows:>12}  {size:>9}"
        for schema, service, tables, rows, size in lines
    )
