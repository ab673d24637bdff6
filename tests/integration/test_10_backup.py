"""Rows come back from a backup as they were, on every member, and a wrong file changes nothing.

Does not prove anything about a backup of more rows than fit into memory.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.backup import backup
from operations.restore import restore
from operations.workspace import PulumiError
from tests.integration.support import LiveStack, tell, wait_until

CHECKSUM = (
    "SELECT COUNT(*), COALESCE(SUM(CRC32(CONCAT_WS('|', id, name, email, created_at, updated_at))), 0) FROM users.users"
)
NAME = "Åsa 🚢 O''Brien \\\\ %"
"""As SQL writes it: with characters that a dump must quote, and others that are longer than a byte."""


@pytest.fixture(scope="module")
def file(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a stack with some rows."""
    for _ in range(3):
        stack.create_user()
    stack.rows("east", f"UPDATE users.users SET name = '{NAME}' LIMIT 1")
    file = tmp_path_factory.mktemp("backup") / "users.sql.gz"
    wait_until(lambda: checksum(stack, "east") == checksum(stack, "west"), 30, "the replica has every row")
    assert backup(stack.workspace, file) == 0
    return file


def checksum(stack: LiveStack, region: str) -> list[str]:
    return stack.rows(region, CHECKSUM)


def test_lost_rows_come_back_on_every_member(stack: LiveStack, file: Path) -> None:
    before = checksum(stack, "east")
    stack.rows("east", "DELETE FROM users.users")
    assert checksum(stack, "east") == ["0\t0"]
    assert restore(stack.workspace, file, force=True) == 0
    assert checksum(stack, "east") == before
    assert stack.rows("east", "SELECT COUNT(*) FROM users.users WHERE name LIKE '%🚢%'") == ["1"]
    wait_until(lambda: checksum(stack, "west") == before, 30, "the replica has every row again")
    rows = before[0].split("\t")[0]
    tell(f"backup restored: {rows} rows, checksums equal on both members, {file.stat().st_size} bytes")
    assert stack.create_user()["name"] == "Ada"


def test_rows_that_are_there_are_not_replaced_unasked(stack: LiveStack, file: Path) -> None:
    before = checksum(stack, "east")
    with pytest.raises(PulumiError, match=r"replaces the rows of .*users\.users.*: add FORCE=1"):
        restore(stack.workspace, file)
    assert checksum(stack, "east") == before


def test_a_cut_file_changes_nothing(stack: LiveStack, file: Path, tmp_path: Path) -> None:
    before = checksum(stack, "east")
    cut = tmp_path / "cut.sql.gz"
    cut.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(PulumiError, match="is no backup, or a part of one"):
        restore(stack.workspace, cut, force=True)
    assert checksum(stack, "east") == before


def test_a_backup_fills_a_stack_that_was_made_anew(stack: LiveStack, file: Path) -> None:
    from operations import lifecycle

    stack.create_user()
    fresh = file.with_name("fresh.sql.gz")
    wait_until(lambda: checksum(stack, "east") == checksum(stack, "west"), 30, "the replica has every row")
    before = checksum(stack, "east")
    assert backup(stack.workspace, fresh) == 0
    assert lifecycle.down(stack.workspace, purge=True) == 0
    assert lifecycle.up(stack.workspace) == 0
    stack.trust_again()
    assert checksum(stack, "east") == ["0\t0"]
    assert restore(stack.workspace, fresh) == 0
    assert checksum(stack, "east") == before
    wait_until(lambda: checksum(stack, "west") == before, 30, "the replica has every row")
