"""A backup's file appears complete or not at all, and a restore refuses whatever is not one, before it changes a row.

Does not prove that mysqldump and MySQL do their part: the integration tests do.
"""

from __future__ import annotations

import gzip
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.graph.conftest import dev_settings
from tools.gostack.database import restore as restoring
from tools.gostack.database.backup import service_schemas, write_backup
from tools.gostack.database.backup_file import contents_of, header, read
from tools.gostack.database.mysql_members import DatabaseError

FIRST = header("dev", "2030-01-01T00:00:00Z")
DUMP = r"""-- MySQL dump 10.13
/*!40000 DROP DATABASE IF EXISTS `users`*/;
CREATE DATABASE `users`;
USE `users`;
CREATE TABLE `empty` (
  `id` int
);
CREATE TABLE `users` (
  `id` int
);
INSERT INTO `users` VALUES (1,'a (b) \'c\' \\',0x00),(2,';',NULL),(3,'INSERT INTO `x` VALUES (1)','🐧');
INSERT INTO `users` VALUES (4,'','');
CREATE TABLE `columns` (
  `id` int
);
INSERT INTO `columns` (`a`, `b`) VALUES
(1,'x);'),
(2,'y');
USE `orders`;
-- Dump completed on 2030-01-01  0:00:00
""".encode()
ROWS = {"users.empty": 0, "users.users": 4, "users.columns": 2}


def a_backup(folder: Path, text: bytes = FIRST + DUMP) -> Path:
    file = folder / "a.sql.gz"
    file.write_bytes(gzip.compress(text))
    return file


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_rows_are_counted_in_the_text_however_it_is_cut(size: int) -> None:
    text = FIRST + DUMP
    contents = read(text[start : start + size] for start in range(0, len(text), size))
    assert (contents.rows, contents.schemas, contents.size) == (ROWS, {"users", "orders"}, len(text))
    assert (contents.stack, contents.made, contents.complete) == ("dev", "2030-01-01T00:00:00Z", True)


def test_only_schemas_of_services_are_saved() -> None:
    assert service_schemas(dev_settings()) == ["users"]


def test_a_backup_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "b.sql.gz"
    assert write_backup(file, [DUMP[:50], DUMP[50:]], FIRST).rows == ROWS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert gzip.decompress(file.read_bytes()) == FIRST + DUMP


def failing() -> Iterator[bytes]:
    yield DUMP
    raise DatabaseError("mysqldump failed with exit code 2: gone")


@pytest.mark.parametrize(
    ("dump", "told"),
    [(failing, "mysqldump failed"), (lambda: iter([DUMP[:-60]]), "mysqldump's last line is missing")],
    ids=["mysqldump fails", "mysqldump stops"],
)
def test_a_backup_that_fails_leaves_no_file(tmp_path: Path, dump: Callable[[], Iterator[bytes]], told: str) -> None:
    with pytest.raises(DatabaseError, match=told):
        write_backup(tmp_path / "b.sql.gz", dump(), FIRST)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    file = a_backup(tmp_path)
    before = file.read_bytes()
    with pytest.raises(DatabaseError, match="exists already: name another file, or remove it"):
        write_backup(file, [DUMP], FIRST)
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be written"):
        write_backup(tmp_path / "file" / "b.sql.gz", [DUMP], FIRST)


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no such file": (lambda folder: folder / "none", "there is no file "),
    "a folder": (lambda folder: folder, "there is no file "),
    "not compressed": (lambda folder: written(folder, FIRST + DUMP), "is no backup that `gostack backup` made"),
    "an empty file": (lambda folder: written(folder, b""), "is no backup that `gostack backup` made"),
    "something else, compressed": (
        lambda folder: a_backup(folder, b"hello\n"),
        "is no backup that `gostack backup` made",
    ),
    "nothing, compressed": (lambda folder: a_backup(folder, b""), "is no backup that `gostack backup` made"),
    "another dump": (lambda folder: a_backup(folder, DUMP), "is no backup that `gostack backup` made"),
    "cut off": (lambda folder: written(folder, gzip.compress(FIRST + DUMP)[:-20]), "is cut off or damaged"),
    "a flipped bit": (lambda folder: written(folder, flipped(gzip.compress(FIRST + DUMP))), "is cut off or damaged"),
    "cut off before it was compressed": (lambda folder: a_backup(folder, (FIRST + DUMP)[:-60]), "is cut off: "),
}


def written(folder: Path, content: bytes) -> Path:
    file = folder / "wrong.sql.gz"
    file.write_bytes(content)
    return file


def flipped(content: bytes) -> bytes:
    # The checksum at the end: where it stands, a damaged text is still a text.
    return content[:-6] + bytes([content[-6] ^ 1]) + content[-5:]


@pytest.mark.parametrize(("make", "told"), WRONG.values(), ids=WRONG)
def test_what_is_no_whole_backup_is_refused_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], told: str
) -> None:
    with pytest.raises(DatabaseError) as caught:
        contents_of(make(tmp_path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


class FakeMember:
    """A member with a number of rows in each table."""

    name = "mysql"

    def __init__(self, rows: dict[str, int]) -> None:
        self.rows = rows
        self.fed: list[bytes] = []

    def ask(self, query: str) -> list[str]:
        if "information_schema" in query:
            return list(self.rows)
        return [str(self.rows[query.split("FROM ")[1].replace("`", "")])]

    def feed(self, _: list[str], text: Callable[[], Iterator[bytes]], size: int) -> None:
        self.fed.append(b"".join(text()))
        assert len(self.fed[-1]) == size
        self.rows = read(self.fed).rows


class FakeWorkspace:
    stack = "dev"
    variables: dict[str, str] = {}  # noqa: RUF012
    settings = dev_settings(lambda document: document["services"]["users"].update(database={"name": "users"}))


@pytest.fixture
def member(monkeypatch: pytest.MonkeyPatch) -> FakeMember:
    made = FakeMember({"users.schema_migrations": 1, "users.users": 0, "other.table": 9})
    monkeypatch.setattr(restoring, "writable_member", lambda _: made)
    monkeypatch.setattr(restoring.StackObjects, "of", lambda *_: None)
    return made


def users_only(folder: Path) -> Path:
    return a_backup(folder, FIRST + DUMP.replace(b"USE `orders`;\n", b""))


def restore(file: Path, *, force: bool = False) -> int:
    return restoring.restore(cast("Any", FakeWorkspace()), file, force=force)


def test_a_migrated_and_otherwise_empty_schema_is_filled(tmp_path: Path, member: FakeMember) -> None:
    assert restore(users_only(tmp_path)) == 0
    assert len(member.fed) == 1


def test_rows_are_replaced_only_by_force(tmp_path: Path, member: FakeMember) -> None:
    member.rows["users.users"] = 3
    with pytest.raises(DatabaseError, match=r"^users\.users has 3 rows, .* restore with --force\.$"):
        restore(users_only(tmp_path))
    assert member.fed == []
    assert restore(users_only(tmp_path), force=True) == 0


def test_a_schema_that_no_service_has_is_refused(tmp_path: Path, member: FakeMember) -> None:
    with pytest.raises(DatabaseError, match='the schema "orders", which no service of the stack dev has'):
        restore(a_backup(tmp_path), force=True)
    assert member.fed == []


def test_a_damaged_file_is_refused_before_anything_is_asked(tmp_path: Path, member: FakeMember) -> None:
    whole = users_only(tmp_path)
    with pytest.raises(DatabaseError, match="cut off"):
        restore(written(tmp_path, whole.read_bytes()[:-9]), force=True)
    assert member.fed == []


def test_other_numbers_of_rows_than_the_backup_has_fail(
    tmp_path: Path, member: FakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "feed", lambda *_: None)
    with pytest.raises(DatabaseError, match=r"users\.empty does not have the backup's number of rows"):
        restore(users_only(tmp_path))
