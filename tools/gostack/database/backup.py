"""A backup of what services keep: their schemas in one compressed file, made on a member that others write to least,
and the files of their volumes in another one beside it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from infra.settings import Settings
from tools.gostack.database.backup_file import (
    Contents,
    Reader,
    appearing_at,
    compressing,
    contents_of,
    demand_absent,
    header,
)
from tools.gostack.database.mysql_members import CHARACTER_SET, DatabaseError, Member, member_to_read
from tools.gostack.database.volume_archive import ENDING, archive_beside, write_archive
from tools.gostack.database.volumes import Volumes
from tools.gostack.environment.locations import state_folder
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import Workspace

# One moment of all tables, without locks and without the server's own history: the primary that restores it writes a
# history of its own, which its replicas follow. Binary columns as hexadecimal numbers survive any character set.
_DUMP = [
    "mysqldump",
    "--user=root",
    CHARACTER_SET,
    "--single-transaction",
    "--quick",
    "--set-gtid-purged=OFF",
    "--routines",
    "--triggers",
    "--events",
    "--hex-blob",
    "--add-drop-database",
    "--databases",
]


def backup(workspace: Workspace, file: Path | None = None) -> int:
    """Write a backup of the stack's schemas and volumes and return the exit code; raises DatabaseError.

    Without a name the file is `.gostack/backups/<stack>-<UTC time>.sql.gz`; the volumes are in `….volumes.tar.gz`
    beside it. Each appears complete or not at all.
    """
    schemas, volumes = service_schemas(workspace.settings), Volumes.named(workspace.settings)
    if not schemas and not volumes:
        raise DatabaseError(
            f"no service of the stack {workspace.stack} has a database or a volume: there is nothing to back up."
        )
    moment = datetime.now(UTC)
    file = file or _default_file(workspace, moment)
    if schemas and file.name.endswith(ENDING):
        raise DatabaseError(f"{file} is the name of an archive of volumes: name the file of the rows, like b.sql.gz.")
    beside = archive_beside(file)
    objects = StackObjects.of(workspace.stack, workspace.variables)
    store = Volumes(objects)
    # Nobody waits for the rows to be told of the files then.
    for wanted, is_written in ((file, schemas), (beside, volumes)):
        if is_written:
            demand_absent(wanted)
    store.demand(volumes)
    if schemas:
        started = time.monotonic()
        member = member_to_read(objects)
        _demand_schemas(member, schemas)
        found = write_backup(file, member.output_of([*_DUMP, *schemas]), header(workspace.stack, _timestamp(moment)))
        print(f"backup of {', '.join(schemas)} from {member.name}")
        print(_table(found))
        print(f"{file}: {file.stat().st_size} bytes ({found.size} as text), {time.monotonic() - started:.1f} s")
    # After the rows: a file is there before a row tells of it.
    if volumes:
        started = time.monotonic()
        # Closed whatever happens: the container that holds a volume goes.
        with closing(store.streams(volumes)) as streams:
            saved = write_archive(beside, workspace.stack, _timestamp(moment), streams)
        print("\n".join(f"  {name:<40} {count:>10} files" for name, count in sorted(saved.files.items())))
        print(f"{beside}: {beside.stat().st_size} bytes, {time.monotonic() - started:.1f} s")
    return 0


def service_schemas(settings: Settings) -> list[str]:
    """Return the schemas of the stack's services, sorted."""
    named = (service.database_name(name) for name, service in settings.services.items())
    return sorted(name for name in named if name is not None)


def write_backup(file: Path, dump: Iterable[bytes], first_line: bytes) -> Contents:
    """Write a dump to a file that only its owner may read, and return what is in it.

    The file appears when it is complete and was read back; raises DatabaseError otherwise.
    """
    reader = Reader()
    with appearing_at(file) as temporary:
        with compressing(temporary) as text:
            for part in chain([first_line], dump):
                reader.add(part)
                text.write(part)
        found = contents_of(temporary)
        if (found.size, found.rows) != (reader.end().size, reader.contents.rows):
            raise DatabaseError(f"{file} does not read as it was written: check the disk and back up again.")
    return found


def _demand_schemas(member: Member, schemas: list[str]) -> None:
    there = set(member.ask("SELECT schema_name FROM information_schema.schemata"))
    if missing := [schema for schema in schemas if schema not in there]:
        raise DatabaseError(f"{member.name} has no schema {missing[0]}: run `make up`, which makes it.")


def _default_file(workspace: Workspace, moment: datetime) -> Path:
    name = f"{workspace.stack}-{moment.strftime('%Y%m%dT%H%M%SZ')}.sql.gz"
    return state_folder(workspace.project) / "backups" / name


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(contents: Contents) -> str:
    return "\n".join(f"  {name:<40} {count:>10} rows" for name, count in sorted(contents.rows.items()))
