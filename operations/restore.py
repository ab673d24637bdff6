"""`make restore`: the rows of a backup, through the primary, so that every member gets them."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zlib
from pathlib import Path
from typing import Any, cast

from operations.backup import FOOTER, HEADER, row_counts, service_schemas
from operations.mysql_members import Member, primary
from operations.objects import StackObjects
from operations.workspace import PulumiError, Workspace

# The member's root is read-only: /tmp is a file system of its own, which the engine cannot copy into.
_PLACE = "/var/lib/mysql"
_NAME = "restore.sql"


def restore(workspace: Workspace, file: Path, *, force: bool = False) -> int:
    """Apply a backup to the stack and return 0; raises PulumiError.

    Tables that have rows are replaced only with `force`.
    """
    sql = read_backup(file)
    schemas = service_schemas(workspace.settings)
    target = primary(StackObjects.of(workspace.stack, workspace.variables))
    filled = [
        f"{schema}.{table}"
        for schema in schemas
        for table, rows in row_counts(target, schema).items()
        # Which migrations ran is no row of anybody's.
        if rows and table != "schema_migrations"
    ]
    if filled and not force:
        raise PulumiError(
            f"{', '.join(filled)} have rows already, which a restore replaces: add FORCE=1 if you mean it."
        )
    started = time.monotonic()
    _apply(target, sql)
    print(f"{file.name}: restored through {target.region} in {time.monotonic() - started:.1f} s")
    for schema in schemas:
        for table, rows in row_counts(target, schema).items():
            print(f"  {schema}.{table}: {rows} rows")
    return 0


def read_backup(file: Path) -> bytes:
    """Return the SQL of a backup; raises PulumiError when the file is missing, is none, or was cut."""
    try:
        sql = gzip.decompress(file.read_bytes())
    except FileNotFoundError:
        raise PulumiError(f"{file} does not exist: write FILE=… as `make backup` printed it.") from None
    except (OSError, EOFError, zlib.error):
        raise PulumiError(f"{file} is no backup, or a part of one: take another file.") from None
    if not sql.startswith(HEADER):
        raise PulumiError(f"{file} was not written by `make backup`: take another file.")
    if not sql.rstrip().splitlines()[-1].startswith(FOOTER):
        raise PulumiError(f"{file} ends before its time: take another file.")
    return sql


def _apply(target: Member, sql: bytes) -> None:
    folder = io.BytesIO()
    with tarfile.open(fileobj=folder, mode="w") as archive:
        entry = tarfile.TarInfo(_NAME)
        entry.size, entry.mode, entry.uid, entry.gid = len(sql), 0o600, 999, 999
        archive.addfile(entry, io.BytesIO(sql))
    path = f"{_PLACE}/{_NAME}"
    container: Any = target.container
    container.put_archive(_PLACE, folder.getvalue())
    try:
        code, output = target.container.exec_run(
            ["sh", "-c", f"mysql --user=root --default-character-set=utf8mb4 < {path}"], user="mysql"
        )
    finally:
        target.container.exec_run(["rm", "-f", path], user="mysql")
    if code != 0:
        raise PulumiError(f"MySQL in {target.region} refuses: {cast('bytes', output).decode(errors='replace').strip()}")
