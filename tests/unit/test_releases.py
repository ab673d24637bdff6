"""What was released, and what a rollback refuses: from Pulumi's history as it is written, and a repository.

Does not prove that the older image serves: tests/integration/test_21_verbs.py rolls a service back.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.settings import SettingsError, load_stack_file
from infra.settings.services import ServiceSettings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import PulumiError
from tools.gostack.releases.command import as_text, releases, releases_of
from tools.gostack.releases.history import updates
from tools.gostack.releases.model import Release, changes
from tools.gostack.rollback import command
from tools.gostack.rollback.command import chosen, roll_back
from tools.gostack.rollback.migrations import migrations_between

PROJECT = Path(__file__).resolve().parents[2]
BUILT = "gostack/dev-users"
Document = dict[str, Any]


def entry(
    result: str = "succeeded", *, kind: str = "update", image: str | None = None, secret: bool = False
) -> Document:
    services = {"users": {"context": "services/users"} if image is None else {"image": image}}
    value = {"secret": True} if secret else {"objectValue": services, "secret": False}
    return {
        "kind": kind,
        "version": 0,
        "startTime": "2026-01-31T12:00:00.000Z",
        "message": "users: greet",
        "environment": {"git.head": "c" * 40, "git.committer": "Ada", "git.dirty": "true"},
        "config": {"gostack:services": value},
        "result": result,
    }


def checkpoint(image: str | None) -> Document:
    outputs = {"services": {"users": {"image": image}}}
    resources = [] if image is None else [{"type": "pulumi:pulumi:Stack", "outputs": outputs}]
    return {"version": 3, "checkpoint": {"latest": {"resources": resources}}}


class FakeWorkspace:
    """A stack with a history; the state is in a folder."""

    stack = "dev"

    def __init__(self, folder: Path, history: list[tuple[Document, str | None]]) -> None:
        self.backend_folder: Path | None = folder
        self.project = PROJECT
        # No repository knows it.
        self.stack_file = folder / "Pulumi.dev.yaml"
        self.settings = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
        self.current = ""
        self._entries = [one for one, _ in reversed(history)]
        place = folder / ".pulumi" / "history" / "gostack" / "dev"
        place.mkdir(parents=True)
        for number, (_, image) in enumerate(history):
            (place / f"dev-17959370743798894{number:02}.checkpoint.json").write_text(json.dumps(checkpoint(image)))
            (place / f"dev-17959370743798894{number:02}.history.json").write_text("{}")
            self.current = image or self.current

    def capture(self, *arguments: str) -> str:
        assert arguments[:3] == ("stack", "history", "--json")
        return json.dumps(self._entries)

    def outputs(self) -> Document:
        return {"services": {"users": {"image": self.current}}}


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    history: list[tuple[Document, str | None]] = [
        (entry(), f"{BUILT}:one"),
        (entry(), f"{BUILT}:one"),
        (entry("failed"), f"{BUILT}:one"),
        (entry(secret=True), f"{BUILT}:two"),
        (entry(kind="refresh"), f"{BUILT}:two"),
        (entry(image="registry.example.com/users:3"), "registry.example.com/users:3"),
    ]
    return FakeWorkspace(tmp_path, history)


def test_each_change_of_the_image_is_a_release_and_so_is_a_failure(workspace: Any) -> None:
    assert [(one.number, one.image, one.result) for one in releases_of(workspace, "users")] == [
        (1, f"{BUILT}:one", "succeeded"),
        (3, "", "failed"),
        (4, f"{BUILT}:two", "succeeded"),
        (6, "registry.example.com/users:3", "succeeded"),
    ]


def test_a_release_says_who_when_and_from_which_commit(workspace: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert releases(workspace, "users", as_json=True) == 0
    newest = json.loads(capsys.readouterr().out)[0]
    assert (newest["who"], newest["commit"], newest["changed"]) == ("Ada", "c" * 40, True)
    table = as_text(releases_of(workspace, None)).splitlines()
    assert table[1].split() == (
        ["1", "users", "2026-01-31", "12:00", "Ada", "ccccccccc+", "succeeded", f"{BUILT}:one", "users:", "greet"]
    )


def test_checkpoints_of_another_history_are_not_taken_for_this_one(workspace: Any) -> None:
    workspace.backend_folder = None
    assert [one.image for one in updates(workspace)] == ["", "", "", "registry.example.com/users:3"]


def test_updates_keep_their_numbers_when_only_the_newest_are_looked_at(workspace: Any) -> None:
    # As Pulumi hands them over, the newest first.
    del workspace._entries[4:]
    assert [one.number for one in releases_of(workspace, "users")] == [3, 4, 6]
    workspace.backend_folder = None
    assert [one.number for one in updates(workspace)] == [1, 4]


def test_a_stack_without_a_state_has_what_its_file_said(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.com")
    file = tmp_path / "Pulumi.dev.yaml"
    for image in ("users:1", "users:1", "users:2"):
        file.write_text(
            f"config:\n  gostack:services:\n    users:\n      image: {image} # {file.stat() if file.exists() else 0}\n"
        )
        git("add", file.name)
        git("commit", "--quiet", "-m", f"release\f {image}")
    workspace: Any = FakeWorkspace(tmp_path / "state", [])

    def no_stack(*_: str) -> str:
        raise PulumiError("no stack")

    workspace.stack_file, workspace.capture = file, no_stack
    found = releases_of(workspace, None)
    assert [(one.number, one.image, one.result, one.message) for one in found] == [
        (None, "users:1", "committed", "release\f users:1"),
        (None, "users:2", "committed", "release\f users:2"),
    ]


def test_a_service_that_there_is_not_is_refused(workspace: Any) -> None:
    with pytest.raises(SettingsError, match='"user" is no service of this stack: use one of users'):
        releases_of(workspace, "user")


def release(number: int, image: str, result: str = "succeeded") -> Release:
    return Release(number, "users", image, "", "", "c" * 40, False, "", result)


FOUND = [release(1, "a"), release(2, "b"), release(3, "", "failed"), release(4, "c")]


def test_a_rollback_goes_to_the_last_other_image_or_to_the_one_that_is_named() -> None:
    assert chosen(FOUND, "users", "c", None).number == 2
    assert chosen(FOUND, "users", "c", 1).image == "a"


def test_an_update_that_failed_is_told_though_its_image_is_the_one_that_runs() -> None:
    found = [release(1, "a"), release(2, "a", "failed"), release(3, "a")]
    assert changes(found) == found[:2]


@pytest.mark.parametrize(
    ("found", "to", "problem"),
    [
        (FOUND, 9, "users has no release 9: use one of 1, 2, 3, 4"),
        (FOUND, 4, "users runs c already, which is release 4"),
        (FOUND, 3, "which image release 3 of users was is not known"),
        ([release(1, "c")], None, "users has no earlier release than c"),
    ],
)
def test_a_rollback_to_nothing_is_refused(found: list[Release], to: int | None, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        chosen(found, "users", "c", to)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(command, "set_image", lambda _, service, image: found.append(f"{service} {image}"))
    monkeypatch.setattr(command.lifecycle, "up", lambda _, service: found.append(f"up {service}") or 0)
    # Nothing that it says can be gone back to.
    monkeypatch.setattr("tools.gostack.releases.command.committed", lambda _: pytest.fail("git's log was read"))
    monkeypatch.setattr(command, "migrations_between", lambda *_: ([], ""))
    return found


def test_an_image_that_is_there_is_written_and_released(
    workspace: Any, written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert roll_back(workspace, "users", there=lambda *_: True) == 0
    assert written == [f"users {BUILT}:two", "up users"]
    assert "write context: services/users" in capsys.readouterr().out


def test_an_image_that_is_gone_is_not_built_again(workspace: Any, written: list[str]) -> None:
    with pytest.raises(UserError, match=r"dev-users:two is gone from the engine.*choose another release with --to"):
        roll_back(workspace, "users", there=lambda *_: False)
    assert written == []


def test_a_migration_between_stops_a_rollback_unless_it_is_forced(
    workspace: Any, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "migrations_between", lambda *_: (["services/users/migrations/3.sql"], ""))
    with pytest.raises(UserError, match=r"migrations lie between \(services/users/migrations/3.sql\).*--force"):
        roll_back(workspace, "users", there=lambda *_: True)
    assert written == []
    assert roll_back(workspace, "users", force=True, there=lambda *_: True) == 0


def service(**values: Any) -> Any:
    return ServiceSettings.model_validate({"context": "api", "database": {"migrate": ["migrate"]}, **values})


def test_only_files_that_change_the_schema_are_migrations(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=a@b.c", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    git("init", "--quiet")
    write("api/main.go", "one")
    write("api/db/1.sql", "one")
    git("add", "-A")
    git("commit", "--quiet", "-m", "one")
    first = git("rev-parse", "HEAD")
    write("api/main.go", "two")
    write("other/2.sql", "of another service")
    git("add", "-A")
    assert migrations_between(tmp_path, service(), first) == ([], "")
    write("api/migrations/2.go", "not committed")
    write("api/db/1.sql", "two")
    assert migrations_between(tmp_path, service(), first) == (["api/db/1.sql", "api/migrations/2.go"], "")
    assert migrations_between(tmp_path, service(database=None), first) == ([], "")
    assert migrations_between(tmp_path, service(), "d" * 40)[1] == "git does not know the commit ddddddddd in api"
    assert migrations_between(tmp_path, service(), "")[1] == "the commit of that release is not known"


def test_an_engine_has_an_image_when_it_or_its_registry_does() -> None:
    from docker.errors import APIError, ImageNotFound

    from tools.gostack.rollback.images import on_engine

    def objects(local: bool, remote: bool) -> Any:
        def get(_: str) -> None:
            if not local:
                raise ImageNotFound("gone")

        def registry(_: str) -> None:
            if not remote:
                raise APIError("no")

        return SimpleNamespace(client=SimpleNamespace(images=SimpleNamespace(get=get, get_registry_data=registry)))

    assert [on_engine(objects(*known), "users:1") for known in ((True, False), (False, True), (False, False))] == (
        [True, True, False]
    )
