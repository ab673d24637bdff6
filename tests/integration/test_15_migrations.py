"""SQL files of a service on a real MySQL: applied before its replicas start, told by name when they fail; its rows stay
when the service gets another name, and `gostack databases` says whose they are.

The tests follow one another on one stack of one region. Does not prove what a group's switch of the primary in the
middle of a file leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra.settings import SettingsError
from infra.settings.stack_file import read_stack_file, written
from tests.integration.brought_up import brought_up, one_region
from tests.integration.support import LiveStack
from tools.gostack.database.schemas import databases
from tools.gostack.lifecycle import lifecycle

FIRST = "CREATE TABLE notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(200));\n"
SECOND = "-- One statement; no more.\nALTER TABLE notes ADD COLUMN place VARCHAR(20);\n"
HALF = "CREATE TABLE tags (id BIGINT PRIMARY KEY);\nINSERT INTO nowhere VALUES (1);\n"
WHOLE = "CREATE TABLE IF NOT EXISTS tags (id BIGINT PRIMARY KEY);\nINSERT INTO tags VALUES (1);\n"
GOOSE = """-- +goose Up
-- +goose StatementBegin
CREATE TABLE lasts (id BIGINT PRIMARY KEY);
-- +goose StatementEnd
-- +goose Down
DROP TABLE lasts;
"""
TRIGGER = "CREATE TRIGGER shout BEFORE INSERT ON notes FOR EACH ROW SET NEW.note = UPPER(NEW.note)"


def document(service: str, **database: Any) -> dict[str, Any]:
    """A stack of one service with this `database`."""
    values = {
        "context": "tests/probe",
        "check": {"path": "/ready"},
        "routes": [{"path": "/p"}],
        "database": database,
    }
    return one_region({service: values})


@dataclass(frozen=True)
class FilesStack(LiveStack):
    """The stack with the SQL files."""

    @property
    def sql_files(self) -> Path:
        return self.workspace.stack_file.parent

    def write(self, name: str, text: str) -> None:
        (self.sql_files / name).write_text(text)

    def change(self, service: str = "notes", *, force: int | None = None, **database: Any) -> None:
        """Give the stack one service with the files as its migrations."""
        forced = {} if force is None else {"force": force}
        self._write_settings(
            document(service, migrations={"directory": str(self.sql_files), **forced}, **database),
        )

    def insert(self, note: str) -> None:
        """Let a replica write a row."""
        pool = urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=10)
        statement = f"INSERT INTO notes (note) VALUES ('{note}')".encode()
        answer = pool.request("POST", "https://localhost:32443/p/sql", body=statement)
        assert (answer.status, answer.data) == (200, b"")

    @property
    def version(self) -> list[str]:
        return self.rows("east", "SELECT version, dirty FROM notes.schema_migrations")

    @property
    def replicas(self) -> set[str]:
        return {str(found.id) for found in self.containers("application")}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilesStack]:
    file = tmp_path_factory.mktemp("published") / "Pulumi.yaml"
    # The first version of the files, in a folder that is neither in the service nor in the project.
    sql = tmp_path_factory.mktemp("sql")
    (sql / "0001_notes.up.sql").write_text(FIRST)
    (sql / "0001_notes.down.sql").write_text("DROP TABLE notes")
    file.write_text(written(document("notes", migrations={"directory": str(sql)})), encoding="utf-8")
    for live in brought_up("migrations", file, tmp_path_factory, FilesStack):
        # From here on they are beside the stack's file, which tests change.
        for original in sql.iterdir():
            live.write(original.name, original.read_text())
        live.change()
        yield live


def failing_update(stack: FilesStack, capfd: pytest.CaptureFixture[str]) -> str:
    """What an update says that fails; the replicas are those from before, and serve."""
    before = stack.replicas
    capfd.readouterr()
    assert lifecycle.update(stack.workspace) != 0
    told = capfd.readouterr()
    assert stack.replicas == before
    stack.insert("in between")
    return told.out + told.err


def test_the_first_file_is_applied_before_the_first_replica(stack: FilesStack) -> None:
    assert stack.version == ["1\t0"]
    stack.insert("first")
    (job,) = [one for one in stack.objects.containers() if b"0001_notes.up.sql: applied in" in one.logs()]
    assert job.logs().decode().splitlines()[-1] == "the schema is up to date, at version 1"


def test_a_file_that_is_added_is_applied_and_no_replica_is_replaced(stack: FilesStack) -> None:
    before = stack.replicas
    stack.write("0002_place.up.sql", SECOND)
    assert lifecycle.update(stack.workspace) == 0
    assert stack.version == ["2\t0"]
    assert stack.replicas == before
    assert stack.preview_changes() == ""


def test_a_file_that_fails_is_named_with_what_mysql_says(stack: FilesStack, capfd: pytest.CaptureFixture[str]) -> None:
    stack.write("0003_tags.up.sql", HALF)
    told = failing_update(stack, capfd)
    assert "0003_tags.up.sql failed, after those of its statements that stand before the wrong one" in told
    assert "Table 'notes.nowhere' doesn't exist" in told
    assert stack.version == ["3\t1"]


def test_a_file_that_ended_half_way_is_explained_and_goes_on_as_the_settings_say(
    stack: FilesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack.write("0003_tags.up.sql", WHOLE)
    told = failing_update(stack, capfd)
    assert "0003_tags.up.sql ended half-way in an earlier run" in told
    assert "write database.migrations.force: 2;" in told
    # And with it a file of one statement, which leaves nothing half-way.
    stack.write("0004_shout.up.sql", TRIGGER.replace("BEFORE", "BEFOR"))
    stack.change(force=2)
    told = failing_update(stack, capfd)
    assert "0004_shout.up.sql failed, and nothing of it was applied: Error 1064" in told
    assert stack.version == ["3\t0"]
    assert stack.rows("east", "SELECT COUNT(*) FROM notes.tags") == ["1"]


def test_a_table_without_a_primary_key_is_refused_before_a_release(
    stack: FilesStack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack.write("0004_shout.up.sql", "CREATE TABLE log (line VARCHAR(99));\n")
    assert "0004_shout.up.sql failed, and nothing of it was applied: Error 3750" in failing_update(stack, capfd)
    assert stack.version == ["3\t0"]


def test_a_rename_is_refused_where_its_rows_would_stay_behind(stack: FilesStack) -> None:
    stack.write("0004_shout.up.sql", TRIGGER)
    stack.change("pages")
    for verb in (lifecycle.preview, lifecycle.up):
        with pytest.raises(SettingsError, match=r'rows of the schema "notes" would stay.*pages\.database\.name: notes'):
            verb(stack.workspace)
    assert stack.containers("application", service="notes")


def test_a_rename_of_the_region_that_has_the_rows_is_refused(stack: FilesStack) -> None:
    before = stack.workspace.stack_file.read_bytes()
    config: dict[str, Any] = read_stack_file(stack.workspace.stack_file)["config"]
    config["gostack:regions"]["north"] = config["gostack:regions"].pop("east")
    config["gostack:mysql"]["primary"] = "north"
    stack.workspace.stack_file.write_text(written({"config": config}), encoding="utf-8")
    try:
        for verb in (lifecycle.preview, lifecycle.up):
            with pytest.raises(
                SettingsError, match=r"all rows would stay behind in east: keep the region east, or save"
            ):
                verb(stack.workspace)
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()


def test_a_service_with_another_name_keeps_its_rows(stack: FilesStack) -> None:
    stack.change("pages", name="notes")
    assert lifecycle.up(stack.workspace) == 0
    assert stack.containers("application", service="notes") == []
    assert stack.version == ["4\t0"]
    stack.insert("last")
    notes = stack.rows("east", "SELECT note FROM notes.notes ORDER BY id")
    assert (notes[0], notes[-1]) == ("first", "LAST")


def test_a_file_of_goose_is_applied_as_well(stack: FilesStack) -> None:
    stack.write("0005_last.sql", GOOSE)
    stack.change("pages", name="notes")
    assert lifecycle.update(stack.workspace) == 0
    assert stack.version == ["5\t0"]
    assert stack.rows("east", "SELECT COUNT(*) FROM notes.lasts") == ["0"]
    assert stack.preview_changes() == ""


def test_each_schema_on_the_primary_has_its_service_or_none(
    stack: FilesStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stack.sql("east", "CREATE DATABASE stray")[0] == 0
    capsys.readouterr()
    assert databases(stack.workspace, as_json=True) == 0
    found = {one["schema"]: one for one in json.loads(capsys.readouterr().out)["databases"]}
    assert {name: one["service"] for name, one in found.items()} == {"notes": "pages", "stray": None}
    assert (found["notes"]["tables"], found["stray"]["tables"]) == (4, 0)
    assert found["notes"]["bytes"] > 0
    assert databases(stack.workspace, as_json=False) == 0
    assert "stray   no service owns it" in capsys.readouterr().out
