"""A backup written back: rows through the member that takes writes, which the others follow like any other change, and
files into the volumes that they are of."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from tools.gostack.database.backup import service_schemas
from tools.gostack.database.backup_file import Contents, contents_of, text_of
from tools.gostack.database.mysql_members import DatabaseError, Member, writable_member
from tools.gostack.database.volume_archive import archive_beside, saved_volumes, volume_tars
from tools.gostack.database.volumes import Volumes
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import Workspace

# Written by the schema migrations of a stack that is new and otherwise empty.
_BOOKKEEPING = frozenset(
    {"schema_migrations", "goose_db_version", "gorp_migrations", "flyway_schema_history", "atlas_schema_revisions"}
)

_COUNT = "SELECT COUNT(*) FROM `{}`"


def restore(workspace: Workspace, file: Path, *, force: bool) -> int:
    """Put the schemas and volumes of a backup in the place of the stack's own and return the exit code; raises
    DatabaseError.

    Volumes are in the archive beside the file, which may be named itself. Schemas with rows and volumes with files are
    refused unless `force`. Nothing is changed before all of both was read and found good.
    """
    archive = archive_beside(file)
    saved = saved_volumes(archive) if archive.exists() or archive == file else None
    contents = contents_of(file) if archive != file else None
    objects = StackObjects.of(workspace.stack, workspace.variables)
    volumes = Volumes(objects)
    if saved is not None:
        volumes.demand(saved.files)
        for name in saved.files if not force else ():
            if found := volumes.first_file(name):
                raise DatabaseError(
                    f"the volume {name} has files ({found}), which the restore would replace: back them up, then "
                    "restore with --force."
                )
    if contents is not None:
        _restore_rows(workspace, file, contents, writable_member(objects), force=force)
    if saved is not None:
        print(f"restoring {archive} (stack {saved.stack}, {saved.made})", flush=True)
        for name, tar in volume_tars(archive):
            volumes.fill(name, tar)
            print(f"  {name:<40} {saved.files[name]:>10} files", flush=True)
    elif Volumes.named(workspace.settings):
        print(f"there is no {archive.name} beside it: volumes stay as they are")
    return 0


def _restore_rows(workspace: Workspace, file: Path, contents: Contents, member: Member, *, force: bool) -> None:
    started = time.monotonic()
    _demand_known_schemas(workspace, contents)
    if not force:
        _demand_empty(member, contents)
    print(f"restoring {file} (stack {contents.stack}, {contents.made}) through {member.name}", flush=True)
    try:
        member.feed([], lambda: text_of(file), contents.size)
    except DatabaseError as error:
        raise DatabaseError(
            f"the restore stopped half-way ({error}): correct the cause and restore with --force."
        ) from None
    _compare(contents, row_counts(member, contents.schemas), time.monotonic() - started)


def row_counts(member: Member, schemas: Collection[str]) -> dict[str, int]:
    """Return `schema.table` to the number of rows there now."""
    tables = member.ask(
        "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    )
    wanted = sorted(table for table in tables if table.partition(".")[0] in schemas)
    return {table: int(member.ask(_COUNT.format(table.replace(".", "`.`", 1)))[0]) for table in wanted}


def _demand_known_schemas(workspace: Workspace, contents: Contents) -> None:
    known = service_schemas(workspace.settings)
    for schema in sorted(contents.schemas):
        if schema not in known:
            have = ", ".join(known) or "none"
            raise DatabaseError(
                f'the backup holds the schema "{schema}", which no service of the stack {workspace.stack} has '
                f"(it has {have}): choose another stack or file."
            )


def _demand_empty(member: Member, contents: Contents) -> None:
    for table, count in row_counts(member, contents.schemas).items():
        if count and table.partition(".")[2] not in _BOOKKEEPING:
            raise DatabaseError(
                f"{table} has {count} rows, which the restore would replace: back them up, then restore with --force."
            )


def _compare(contents: Contents, now: dict[str, int], seconds: float) -> None:
    for table, count in sorted(contents.rows.items()):
        there = now.get(table, 0)
        print(f"  {table:<40} {there:>10} rows" + ("" if there == count else f", and {count} in the backup"))
    different = [table for table, count in contents.rows.items() if now.get(table) != count]
    if different:
        raise DatabaseError(
            f"{different[0]} does not have the backup's number of rows: was it written to? Restore again with --force "
            "while nobody writes."
        )
    print(f"restored and counted in {seconds:.1f} s; `make up` brings a schema of an older release up to date")
