"""A backup is whole or not there, and a file that is no backup is refused in one sentence.

Does not prove that the rows come back: tests/integration/test_10_backup.py does.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from operations.backup import FOOTER, HEADER, service_schemas, write_backup
from operations.restore import read_backup
from operations.workspace import PulumiError
from tests.graph.conftest import dev_settings

DUMP = [b"CREATE TABLE users (id INT);\n", "INSERT INTO users VALUES (1, 'Ærø 🚢');\n".encode(), FOOTER + b" on now\n"]


def test_a_backup_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "backup.sql.gz"
    write_backup(file, DUMP)
    assert read_backup(file) == HEADER + b"".join(DUMP)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in file.parent.iterdir()] == ["backup.sql.gz"]


@pytest.mark.parametrize("dump", [[], DUMP[:2], [b"\n"]])
def test_a_dump_that_ended_early_leaves_no_file(tmp_path: Path, dump: list[bytes]) -> None:
    with pytest.raises(PulumiError, match="the dump ended before its time"):
        write_backup(tmp_path / "backup.sql.gz", dump)
    assert list(tmp_path.iterdir()) == []


def test_the_backup_before_stays_when_the_next_one_fails(tmp_path: Path) -> None:
    file = tmp_path / "backup.sql.gz"
    write_backup(file, DUMP)
    with pytest.raises(PulumiError):
        write_backup(file, DUMP[:1])
    assert read_backup(file).endswith(DUMP[-1])


def test_every_wrong_file_is_told_apart(tmp_path: Path) -> None:
    whole = tmp_path / "whole.sql.gz"
    write_backup(whole, DUMP)
    packed = whole.read_bytes()
    contents = {
        "does not exist": None,
        "is no backup, or a part of one": packed[: len(packed) // 2],
        "was not written by `make backup`": gzip.compress(b"".join(DUMP)),
        "ends before its time": gzip.compress(HEADER + DUMP[0]),
    }
    for number, (sentence, content) in enumerate(contents.items()):
        file = tmp_path / f"{number}.sql.gz"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(PulumiError, match=sentence):
            read_backup(file)


def test_a_text_file_is_no_backup(tmp_path: Path) -> None:
    file = tmp_path / "text.sql"
    file.write_bytes(b"".join(DUMP))
    with pytest.raises(PulumiError, match="is no backup"):
        read_backup(file)


def test_the_schemas_are_those_of_the_services() -> None:
    assert service_schemas(dev_settings()) == ["users"]
    with pytest.raises(PulumiError, match="no service of this stack has a database"):
        service_schemas(dev_settings(lambda document: document["services"]["users"].pop("database")))
