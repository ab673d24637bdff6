"""SQL files as migrations: what is refused before anything is made, and what the image is built from.

Does not prove that the files are applied: tests/integration/test_15_migrations.py does; nor what the program does with
them, which its own tests say (components/service_database/migrator).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.images import build_context
from components.images.build_options import BuildOptions
from components.service_database.migrations import migrations_build, migrations_context
from infra.settings import SettingsError, parse_settings
from infra.settings.files import require_files
from infra.settings.migration_files import migration_files, migrations_folder, migrations_problems
from infra.settings.stack_file import configuration, read_stack_file

PROJECT = Path(__file__).resolve().parents[2]
KEY = "gostack:services.users.database"
IMAGE = f"registry.example.com/users-migrations@sha256:{'a' * 64}"


def document(stack: str, database: dict[str, Any], **service: Any) -> dict[str, Any]:
    values = configuration(read_stack_file(PROJECT / f"Pulumi.{stack}.yaml"), f"Pulumi.{stack}.yaml")
    users = {key: value for key, value in values["services"]["users"].items() if key != "database"}
    values["services"]["users"] = {**users, "database": database, **service}
    return values


@pytest.fixture
def said(tmp_path: Path) -> Callable[..., str]:
    """What is said of a folder with these files, as the users' `db/migrations`."""

    def refusal(*names: str, directory: str = "./db/migrations", inside: str = "shop") -> str:
        (tmp_path / "shop").mkdir()
        folder = tmp_path / inside / "db" / "migrations"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text("SELECT 1")
        recipe = tmp_path / "shop" / "Dockerfile"
        recipe.write_text("FROM scratch")
        changes = {"context": "shop", "dockerfile": "shop/Dockerfile"}
        try:
            settings = parse_settings(document("dev", {"migrations": {"directory": directory}}, **changes))
            require_files(settings, tmp_path)
        except SettingsError as error:
            return str(error).removeprefix(f'{KEY}.migrations.directory is "{directory}", ')
        return ""

    return refusal


@pytest.mark.parametrize("inside", ["shop", "."])
def test_files_of_the_service_or_of_the_project_are_accepted(said: Callable[..., str], inside: str) -> None:
    names = ("0001_a.up.sql", "0001_a.down.sql", "20260101120000_b.up.sql", "README.md")
    assert said(*names, inside=inside) == ""


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "which holds no file named like 0001_create_orders.up.sql: add one, or correct the path."),
        (["1_a.down.sql"], "which holds no file named like 0001_create_orders.up.sql: add one, or correct the path."),
        (
            ["0001_a.up.sql", "0002-b.sql"],
            "where 0002-b.sql is not named <number>_<name>.up.sql or .down.sql: rename it, for example to "
            "0002_0002-b.up.sql.",
        ),
        (
            ["0002_b.up.sql", "2_c.up.sql"],
            "where 0002_b.up.sql and 2_c.up.sql have the same number: give one of them another.",
        ),
    ],
)
def test_files_that_would_be_left_out_are_refused(said: Callable[..., str], names: list[str], sentence: str) -> None:
    assert said(*names) == sentence


def test_a_folder_that_is_not_there_is_refused(said: Callable[..., str]) -> None:
    assert said("1_a.up.sql", directory="db/sql") == (
        "which is a folder neither in shop nor in the project: write its path relative to one of them, or absolute."
    )


@pytest.mark.parametrize(
    ("stack", "database", "sentence"),
    [
        ("dev", {"migrations": {}}, "migrations: it takes a directory or an image"),
        ("dev", {"migrations": {"directory": "a", "image": IMAGE}}, "migrations: it takes a directory or an image"),
        ("dev", {"migrations": {"directory": ""}}, "migrations.directory"),
        ("dev", {"migrate": ["up"], "migrations": {"directory": "a"}}, "there are migrate and migrations: remove one"),
        ("dev", {"migrations": {"directory": "a", "force": -1}}, "migrations.force"),
        ("staging", {"migrations": {"image": "users-migrations:1"}}, "migrations.image"),
        ("prod", {"migrations": {"directory": "a"}}, "write image with the release's digest"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(stack: str, database: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(document(stack, database))
    assert KEY in str(caught.value)
    assert sentence in str(caught.value)


def test_a_cluster_needs_a_registry_for_them() -> None:
    values = document("staging", {"migrations": {"directory": "a"}}, image=IMAGE)
    del values["registry"], values["services"]["users"]["context"]
    with pytest.raises(SettingsError, match=r"gostack:registry is missing: the image of .*migrations\.directory"):
        parse_settings(values)
    values["registry"] = "localhost:5001/gostack"
    assert parse_settings(values).needs_engine()


def test_no_service_is_called_like_the_image() -> None:
    values = document("dev", {"migrations": {"directory": "a"}})
    values["services"]["users-migrations"] = {"context": "services/greeter"}
    with pytest.raises(SettingsError, match=r"services\.users-migrations has the name of the image of users's"):
        parse_settings(values)


def test_the_image_is_built_from_the_program_and_the_files_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_context, "PROJECT", tmp_path)
    service = parse_settings(document("dev", {"migrations": {"directory": "sql"}})).services["users"]
    (tmp_path / "sql").mkdir()
    folder = tmp_path / "sql"
    assert migrations_folder(service, tmp_path) == folder
    for name in ("1_a.up.sql", "2_b.up.sql"):
        (folder / name).write_text(name)
        context = tmp_path / migrations_context("dev", "users", migration_files(folder))
    (folder / "1_a.up.sql").write_text("changed")
    (folder / "2_b.up.sql").unlink()
    before = (context / "main.go").stat().st_ino
    assert tmp_path / migrations_context("dev", "users", migration_files(folder)) == context
    found = {str(file.relative_to(context)) for file in context.rglob("*") if file.is_file()}
    assert found == {"go.mod", "go.sum", "main.go", "database.go", "upgrade.go", "migrations/1_a.up.sql"}
    assert (context / "migrations" / "1_a.up.sql").read_text() == "changed"
    # A build of another process may just be reading what did not change.
    assert (context / "main.go").stat().st_ino == before


def test_its_modules_come_from_where_the_services_do() -> None:
    build = BuildOptions.model_validate(
        {"args": {"GOPROXY": "https://go.example.test", "GOFLAGS": "-mod=vendor"}, "secrets": {"netrc": {"env": "N"}}}
    )
    ours = migrations_build(build, default=True)
    assert (ours.args, list(ours.secrets), ours.assets) == (
        {"GOPROXY": "https://go.example.test"},
        ["netrc"],
        ["migrations"],
    )
    # Of another Dockerfile nobody knows what its arguments mean.
    assert migrations_build(build, default=False) == BuildOptions(assets=["migrations"])


GOOSE = """-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
CREATE TABLE a (id INT PRIMARY KEY);
-- +goose StatementEnd

-- +goose Down
DROP TABLE a;
"""


def problems(folder: Path) -> list[str]:
    """What is said of the folder as that of a service."""
    database = {"migrations": {"directory": str(folder)}}
    service = parse_settings(document("dev", database)).services["users"]
    return [one.partition('", ')[2] for one in migrations_problems("gostack:services.users", service, folder)]


def test_of_a_file_of_goose_the_way_up_is_applied(tmp_path: Path) -> None:
    (tmp_path / "20260101120000_a.sql").write_text(GOOSE)
    (tmp_path / "20260102120000_b.up.sql").write_text("SELECT 'as it is' -- +goose Down\n")
    assert problems(tmp_path) == []
    files = migration_files(tmp_path)
    assert list(files) == ["20260101120000_a.up.sql", "20260102120000_b.up.sql"]
    up = files["20260101120000_a.up.sql"].decode()
    assert "CREATE TABLE a" in up
    assert "DROP" not in up
    assert files["20260102120000_b.up.sql"] == b"SELECT 'as it is' -- +goose Down\n"


def test_what_only_goose_could_do_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text(f"-- +goose ENVSUB ON\n{GOOSE}")
    for name in ("2_b.go", "2_b_test.go", "embed.go"):
        (tmp_path / name).write_text("package migrations")
    assert problems(tmp_path) == [
        "where 1_a.sql has variables (ENVSUB), which are not replaced here: write their values.",
        "where 2_b.go is a migration in Go, which only the service's own program can run: write database.migrate, with "
        "the arguments by which it migrates, in the place of migrations.",
    ]


def test_an_annotation_of_goose_that_mysql_would_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text(GOOSE.replace("-- +goose", "--+goose"))
    assert problems(tmp_path) == [
        "where 1_a.sql has --+goose, which is no comment to MySQL: write a blank after the hyphens."
    ]


def test_every_migration_of_goose_in_go_is_named_and_without_goose_none(tmp_path: Path) -> None:
    for name in ("2_b.go", "3_c.go"):
        (tmp_path / name).write_text("package migrations")
    (tmp_path / "0001_a.up.sql").write_text("SELECT 1")
    assert problems(tmp_path) == []
    (tmp_path / "4_d.sql").write_text(GOOSE)
    assert [one.split(" is a migration in Go")[0] for one in problems(tmp_path)] == ["where 2_b.go", "where 3_c.go"]


def test_a_file_of_goose_and_another_one_have_numbers_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text(GOOSE)
    (tmp_path / "0001_b.up.sql").write_text("SELECT 1")
    assert problems(tmp_path) == ["where 0001_b.up.sql and 1_a.sql have the same number: give one of them another."]
