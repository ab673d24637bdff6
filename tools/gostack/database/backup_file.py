"""A backup as a file: a header that says whose it is, mysqldump's text, and its last line as the sign of completeness.

The rows are counted in the text itself, which is one consistent moment; the tables have gone on since.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.gostack.database.mysql_members import DatabaseError

_HEADER = b"-- gostack backup 1"
_COMPLETE = b"-- Dump completed"
_COMPRESSED = b"\x1f\x8b"
_PART = 1 << 20
_TEXT = re.compile(rb"'(?:[^'\\]|\\.)*'")
_SCHEMA = re.compile(rb"USE `([^`]+)`;")
_TABLE = re.compile(rb"CREATE TABLE `([^`]+)`")
_INSERT = re.compile(rb"INSERT INTO `([^`]+)`")


@dataclass
class Contents:
    """What is in a backup."""

    stack: str = ""
    """Stack that it was made of."""

    made: str = ""
    """When it was made, UTC."""

    size: int = 0
    """Bytes of the text."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    """`schema.table` to number of rows."""

    schemas: set[str] = field(default_factory=set[str])
    """Names of the schemas, those without tables too."""

    complete: bool = False
    """Whether the last line says so."""


def header(stack: str, made: str) -> bytes:
    """Return the first line of a backup."""
    return b"%s stack=%s made=%s\n" % (_HEADER, stack.encode(), made.encode())


class Reader:
    """Reads a backup's text in parts of any size and notes what is in it."""

    def __init__(self) -> None:
        self.contents = Contents()
        self._rest = b""
        self._schema = ""
        self._inserting = ""
        self._first = True

    def add(self, part: bytes) -> None:
        """Take the next part of the text."""
        self.contents.size += len(part)
        lines = (self._rest + part).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._line(line)

    def end(self) -> Contents:
        """Return what the text held."""
        if self._rest:
            self._line(self._rest)
        return self.contents

    def _line(self, line: bytes) -> None:
        contents = self.contents
        if self._first:
            self._first = False
            fields = dict(word.split(b"=", 1) for word in line.split() if b"=" in word)
            if not line.startswith(_HEADER + b" ") or not {b"stack", b"made"} <= fields.keys():
                raise DatabaseError("it does not begin like a backup")
            contents.stack, contents.made = fields[b"stack"].decode(), fields[b"made"].decode()
            return
        if line:
            contents.complete = line.startswith(_COMPLETE)
        if self._inserting:
            self._tuples(line)
        elif match := _SCHEMA.match(line):
            self._schema = match[1].decode()
            contents.schemas.add(self._schema)
        elif match := _TABLE.match(line):
            contents.rows.setdefault(f"{self._schema}.{match[1].decode()}", 0)
        elif match := _INSERT.match(line):
            self._inserting = f"{self._schema}.{match[1].decode()}"
            # A table with generated columns has its columns named before the rows.
            self._tuples(line.partition(b" VALUES")[2])

    def _tuples(self, text: bytes) -> None:
        bare = _TEXT.sub(b"", text)
        self.contents.rows[self._inserting] = self.contents.rows.get(self._inserting, 0) + bare.count(b"(")
        if bare.rstrip().endswith(b";"):
            self._inserting = ""


def demand_absent(file: Path) -> None:
    """Raise DatabaseError for a file that would be written over."""
    if file.exists():
        raise DatabaseError(f"{file} exists already: name another file, or remove it.")


@contextmanager
def appearing_at(file: Path) -> Generator[Path]:
    """Give a name beside the file; what is there at the end gets the file's name, and what fails leaves nothing."""
    demand_absent(file)
    temporary = file.parent / f".{file.name}.{os.getpid()}.partial"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield temporary
        # Unlike a rename, a link does not write over a file that has appeared since.
        os.link(temporary, file)
    except OSError as error:
        raise DatabaseError(
            f"{file} cannot be written ({error.strerror}): correct that or name another file."
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def compressing(file: Path) -> Generator[gzip.GzipFile]:
    """A new file that only its owner may read, to write text into; it is on the disk at the end."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
        # The name inside would be the temporary one.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw) as text:
            yield text
        raw.flush()
        os.fsync(raw.fileno())


def text_of(file: Path) -> Iterator[bytes]:
    """Yield the text of a backup in parts; raises OSError, EOFError or zlib.error for a damaged file."""
    with gzip.open(file, "rb") as opened:
        while part := opened.read(_PART):
            yield part


def contents_of(file: Path) -> Contents:
    """Read a whole backup and return what is in it; raises DatabaseError with one sentence for a file that is none."""
    if not file.is_file():
        raise DatabaseError(f"there is no file {file}: name another one.")
    try:
        with file.open("rb") as opened:
            if opened.read(len(_COMPRESSED)) != _COMPRESSED:
                raise DatabaseError("it is not compressed")
        found = read(text_of(file))
    except DatabaseError:
        raise DatabaseError(f"{file} is no backup that `gostack backup` made: name another file.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DatabaseError(f"{file} is cut off or damaged: take another backup.") from None
    except OSError as error:
        raise DatabaseError(f"{file} cannot be read ({error.strerror}): correct that.") from None
    if not found.complete:
        raise DatabaseError(f"{file} is cut off: mysqldump's last line is missing; take another backup.")
    return found


def read(parts: Iterable[bytes]) -> Contents:
    """Return what is in a text."""
    reader = Reader()
    for part in parts:
        reader.add(part)
    contents = reader.end()
    if not contents.stack:
        raise DatabaseError("it is empty")
    return contents
