"""`make backup`: the rows of every service, as SQL, in one compressed file that is complete or not there.

Options: https://dev.mysql.com/doc/refman/9.7/en/mysqldump.html.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bootstrap.locations import state_folder
from infra.settings import Settings
from operations.mysql_members import Member, members
from operations.objects import StackObjects
from operations.workspace import PulumiError, Workspace

HEADER = b"-- gostack backup\n"
"""First line of a backup, by which a file is known as one."""

FOOTER = b"-- Dump completed"
"""Begins the last line of a dump that is whole."""

_OPTIONS = (
    "--user=root --single-transaction --set-gtid-purged=OFF --routines --triggers --events "
    "--default-character-set=utf8mb4 --databases"
)


def backup(workspace: Workspace, file: Path | None = None) -> int:
    """Write a backup and return 0; raises PulumiError. The default file is in the state folder, named by its time."""
    schemas = service_schemas(workspace.settings)
    found = members(StackObjects.of(workspace.stack, workspace.variables))
    # A member that only reads has nothing better to do.
    source = next((member for member in found if not member.writable()), found[0])
    target = file or _default_file(workspace)
    started = time.monotonic()
    write_backup(target, _dump(source, schemas))
    seconds = time.monotonic() - started
    print(f"{target}: {target.stat().st_size} bytes from {source.region} in {seconds:.1f} s")
    for schema in schemas:
        for table, rows in row_counts(source, schema).items():
            print(f"  {schema}.{table}: {rows} rows")
    return 0


def service_schemas(settings: Settings) -> list[str]:
    """Return the schemas of the services; raises PulumiError when no service has one."""
    names = [service.database_name(name) for name, service in settings.services.items()]
    schemas = sorted(name for name in names if name is not None)
    if not schemas:
        raise PulumiError("no service of this stack has a database: there is nothing to back up.")
    return schemas


def row_counts(member: Member, schema: str) -> dict[str, int]:
    """Return table to number of rows, counted."""
    tables = member.query(
        f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{schema}' "  # noqa: S608
        "AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME"
    )
    return {table: int(member.query(f"SELECT COUNT(*) FROM `{schema}`.`{table}`")[0]) for table in tables}  # noqa: S608


def write_backup(target: Path, chunks: Iterable[bytes]) -> None:
    """Write a dump, compressed and readable by its owner alone; raises PulumiError when its end is missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.unfinished")
    tail = b""
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
            packed.write(HEADER)
            for chunk in chunks:
                packed.write(chunk)
                tail = (tail + chunk)[-200:]
            packed.flush()
            raw.flush()
            os.fsync(raw.fileno())
        if not tail.splitlines() or not tail.splitlines()[-1].startswith(FOOTER):
            raise PulumiError("the dump ended before its time: no backup was written, try again.")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _default_file(workspace: Workspace) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return state_folder(workspace.project) / "backups" / f"{workspace.stack}-{moment}.sql.gz"


def _dump(source: Member, schemas: list[str]) -> Iterator[bytes]:
    api: Any = source.container.client.api if source.container.client else None
    process = api.exec_create(source.container.id, ["mysqldump", *_OPTIONS.split(), *schemas], user="mysql")
    for output, problem in api.exec_start(process["Id"], stream=True, demux=True):
        if problem:
            raise PulumiError(f"mysqldump in {source.region}: {problem.decode(errors='replace').strip()}")
        if output:
            yield output
