"""The files of volumes as one compressed tar: whose they are, then the files of each volume in a folder of its name.

Owners, permissions and times are kept. A file that is written to meanwhile is as it was at some moment.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from tools.gostack.database.backup_file import appearing_at, compressing
from tools.gostack.database.mysql_members import DatabaseError

ENDING = ".volumes.tar.gz"
_HEADER = "gostack-backup.json"
_PART = 1 << 20


@dataclass
class SavedVolumes:
    """What is in an archive."""

    stack: str
    """Stack that it was made of."""

    made: str
    """When it was made, UTC."""

    files: dict[str, int] = field(default_factory=dict[str, int])
    """Name of each volume to the number of its files."""


def archive_beside(file: Path) -> Path:
    """Return the archive of the volumes that belongs to a backup of rows; the file itself when it is one."""
    return file if file.name.endswith(ENDING) else file.with_name(file.name.removesuffix(".sql.gz") + ENDING)


def write_archive(file: Path, stack: str, made: str, volumes: Iterable[tuple[str, Iterator[bytes]]]) -> SavedVolumes:
    """Write the tar streams of volumes, by their names, to a file that only its owner may read.

    The file appears when it is complete and was read back; raises DatabaseError otherwise.
    """
    with appearing_at(file) as temporary:
        with (
            compressing(temporary) as compressed,
            tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            text = json.dumps({"gostack backup": 1, "stack": stack, "made": made}).encode()
            first = tarfile.TarInfo(_HEADER)
            first.size = len(text)
            archive.addfile(first, io.BytesIO(text))
            for name, stream in volumes:
                _copy(name, stream, archive)
        return saved_volumes(temporary)


def saved_volumes(file: Path) -> SavedVolumes:
    """Read a whole archive and return what is in it; raises DatabaseError with one sentence for a file that is none."""
    members = _members(file)
    saved = _header(file, *next(members, (None, None)))
    for member, _ in members:
        volume = member.name.partition("/")[0]
        saved.files[volume] = saved.files.get(volume, 0) + (not member.isdir())
    return saved


def volume_tars(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name of each volume and its files as a tar, in which the folder of the volume is `.`; raises
    DatabaseError."""
    members = ((member, content) for member, content in _members(file) if member.name != _HEADER)
    for volume, group in groupby(members, lambda found: found[0].name.partition("/")[0]):
        with _spooled(file.parent, volume, group) as spool:
            yield volume, spool


@contextmanager
def _spooled(
    folder: Path, volume: str, members: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]]
) -> Generator[IO[bytes]]:
    """The members of a volume as a tar of their own, in a file without a name."""
    with ExitStack() as opened:
        try:
            # Beside the archive: a file system in memory may not hold a volume.
            spool = opened.enter_context(tempfile.TemporaryFile(dir=folder))
            with tarfile.open(fileobj=spool, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                for member, content in members:
                    tar.addfile(_moved(member, "."), content)
                    _forget(tar)
            spool.seek(0)
        except OSError as error:
            raise DatabaseError(
                f"{folder} does not take the files of {volume} for a moment ({error.strerror}): correct that, or move "
                "the backup to another folder."
            ) from None
        yield spool


def first_name(stream: Iterator[bytes]) -> str:
    """Return the path of the first thing in the folder of a tar stream; empty for an empty folder."""
    with tarfile.open(fileobj=_readable(stream), mode="r|") as source:
        return next((member.name.partition("/")[2] for member in source if "/" in member.name), "")


def _copy(name: str, stream: Iterator[bytes], archive: tarfile.TarFile) -> None:
    try:
        with tarfile.open(fileobj=_readable(stream), mode="r|") as source:
            for member in source:
                archive.addfile(_moved(member, name), source.extractfile(member) if member.isreg() else None)
                _forget(source, archive)
    except tarfile.TarError as error:
        raise DatabaseError(f"the volume {name} changed while it was read ({error}): back up again.") from None


def _forget(*archives: Any) -> None:
    """Let go of the members so far, of which an archive keeps every one."""
    for archive in archives:
        archive.members.clear()


def _moved(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """A member with another first folder."""
    found = copy(member)
    found.name = folder + _below(member.name)
    if member.islnk():
        found.linkname = folder + _below(member.linkname)
    # These would come before the names.
    found.pax_headers = {key: value for key, value in member.pax_headers.items() if key not in ("path", "linkpath")}
    return found


def _below(name: str) -> str:
    _, slash, rest = name.partition("/")
    return slash + rest


def _members(file: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    if not file.is_file():
        raise DatabaseError(f"there is no file {file}: name another one.")
    try:
        with gzip.open(file, "rb") as text, tarfile.open(fileobj=text, mode="r|") as archive:
            for member in archive:
                yield member, archive.extractfile(member) if member.isreg() else None
                _forget(archive)
            # The checksum stands at the end.
            while text.read(_PART):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError):
        raise DatabaseError(
            f"{file} is cut off, damaged or no archive that `gostack backup` made: take another one."
        ) from None
    except OSError as error:
        raise DatabaseError(f"{file} cannot be read ({error.strerror}): correct that.") from None


def _header(file: Path, member: tarfile.TarInfo | None, content: IO[bytes] | None) -> SavedVolumes:
    if member is not None and member.name == _HEADER and content is not None:
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(content.read())
            return SavedVolumes(str(found["stack"]), str(found["made"]))
    raise DatabaseError(f"{file} is no archive that `gostack backup` made: take another one.")


class _Parts(io.RawIOBase):
    """Parts of a text as a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _readable(stream: Iterator[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Parts(stream), _PART)
