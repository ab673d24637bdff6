"""A backup brings back every row, on the primary and on its replica, and a damaged one changes nothing.

Does not prove anything about large tables, nor that a backup can be restored into another version of MySQL.
"""

from __future__ import annotations

import gzip
import stat
import time
from pathlib import Path

import pytest

from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.cli.guard import guarded
from tools.gostack.database.backup import backup
from tools.gostack.database.backup_file import contents_of
from tools.gostack.database.restore import restore

NAMES = ["Zoë 🐧", "李雷", "O'Brien; -- \\", 'back\\slash "quoted" (1),(2)']


def regions(stack: LiveStack) -> list[str]:
    return sorted(stack.workspace.settings.regions)


def users(stack: LiveStack, region: str) -> list[str]:
    return stack.rows(region, "SELECT CONCAT_WS('|', id, HEX(name), email, created_at, updated_at) FROM users.users")


def checksums(stack: LiveStack, region: str) -> list[str]:
    return stack.rows(region, "CHECKSUM TABLE users.users, users.idempotency_keys, users.schema_migrations")


def wait_for_the_same_rows(stack: LiveStack) -> None:
    wait_until(lambda: len({tuple(checksums(stack, region)) for region in regions(stack)}) == 1, 60, "equal members")


def executed(stack: LiveStack, region: str) -> str:
    return "".join(stack.rows(region, "SELECT @@global.gtid_executed"))


@pytest.fixture(scope="module")
def saved(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a stack with some users."""
    for name in NAMES:
        email = f"backup-{len(name)}-{time.time_ns()}@example.com"
        response = stack.request("POST", stack.users_url, {"name": name, "email": email})
        assert response.status == 201, response.data
    wait_for_the_same_rows(stack)
    file = tmp_path_factory.mktemp("backups") / "users.sql.gz"
    started = time.monotonic()
    assert guarded(lambda: backup(stack.workspace, file)) == 0
    tell(
        f"backup of {len(users(stack, 'east'))} users: {time.monotonic() - started:.1f} s, {file.stat().st_size} bytes"
    )
    return file


def test_a_backup_has_every_row_and_is_for_its_owner_alone(stack: LiveStack, saved: Path) -> None:
    assert contents_of(saved).rows["users.users"] == len(users(stack, "east"))
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    text = gzip.decompress(saved.read_bytes()).decode()
    assert NAMES[0] in text
    assert "GTID_PURGED" not in text
    assert "CREATE USER" not in text


def test_a_cut_backup_is_refused_and_nothing_changes(
    stack: LiveStack, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.sql.gz"
    cut.write_bytes(saved.read_bytes()[:-100])
    before = [checksums(stack, region) for region in regions(stack)]
    assert guarded(lambda: restore(stack.workspace, cut, force=True)) == 1
    assert "is cut off" in capsys.readouterr().err
    assert [checksums(stack, region) for region in regions(stack)] == before


def test_rows_are_not_replaced_without_force(stack: LiveStack, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [checksums(stack, region) for region in regions(stack)]
    assert guarded(lambda: restore(stack.workspace, saved, force=False)) == 1
    assert "restore with --force" in capsys.readouterr().err
    assert [checksums(stack, region) for region in regions(stack)] == before


def test_a_restore_brings_back_deleted_rows_on_every_member(stack: LiveStack, saved: Path) -> None:
    primary = stack.workspace.settings.mysql.primary
    before, sums = users(stack, primary), checksums(stack, primary)
    history = executed(stack, primary)
    stack.rows(primary, "DELETE FROM users.users; DELETE FROM users.idempotency_keys")
    wait_for_the_same_rows(stack)
    assert users(stack, primary) == []
    started = time.monotonic()
    assert guarded(lambda: restore(stack.workspace, saved, force=False)) == 0
    tell(f"restore of {len(before)} users: {time.monotonic() - started:.1f} s")
    wait_for_the_same_rows(stack)
    for region in regions(stack):
        assert users(stack, region) == before
        assert checksums(stack, region) == sums
        # The restore is a part of the one history that every member has.
        (contained,) = stack.rows(region, f"SELECT GTID_SUBSET('{history}', @@global.gtid_executed)")
        assert contained == "1"


def test_services_go_on_with_the_restored_rows(stack: LiveStack, saved: Path) -> None:
    found = stack.request("GET", f"{stack.users_url}?page_size=100")
    assert {user["name"] for user in found.json()["data"]["items"]} >= set(NAMES)
    assert stack.create_user()["name"] == "Ada"
    assert saved.exists()
