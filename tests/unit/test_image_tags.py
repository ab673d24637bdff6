"""An image is called by its commit, that commit's versions and `latest`; never by a commit that it is not.

Does not prove that a registry takes the tags: tests/rehearsal/test_supply_chain.py asks one.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tools.gostack.images import command
from tools.gostack.images.stack_images import StackImage
from tools.gostack.images.tags import tag_image, tags_of
from tools.gostack.lifecycle.workspace import PulumiError

REPOSITORY = "registry.example.com/users"
RUNS, EARLIER = f"{REPOSITORY}@sha256:{'a' * 64}", f"sha256:{'e' * 64}"


def git(folder: Path, *arguments: str) -> str:
    person = ["-c", "user.name=tester", "-c", "user.email=tester@localhost"]
    return subprocess.run(
        ["git", *person, "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "main.go").write_text("package main\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_commit_without_a_version_is_the_only_tag(project: Path) -> None:
    git(project, "tag", "v0.9.0")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "second")
    assert tags_of(project) == [git(project, "rev-parse", "HEAD")]


def test_the_semantic_versions_of_the_commit_are_tags_and_its_other_names_are_not(project: Path) -> None:
    for name in ("v1.2.3", "2.0.0-rc.1", "v1.2", "v01.0.0", "nightly", "v1.2.3+build"):
        git(project, "tag", name)
    assert tags_of(project)[1:] == ["2.0.0-rc.1", "1.2.3"]


def test_what_no_commit_has_gets_no_commits_name(project: Path) -> None:
    (project / "main.go").write_text("package other\n")
    with pytest.raises(PulumiError, match="changes that no commit has"):
        tags_of(project)


def test_without_git_there_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match="is no checkout of Git"):
        tags_of(tmp_path)


class FakeWorkspace:
    """A stack that runs `users`, last brought up from a commit."""

    stack = "staging"

    def __init__(self, project: Path, commit: str, *, result: str = "succeeded", dirty: str = "false") -> None:
        self.project = project
        environment = {"git.head": commit, "git.dirty": dirty}
        update = {"kind": "update", "result": result, "environment": environment}
        # As Pulumi hands them over, the newest first: a refresh gives nothing another image.
        self._history = [{"kind": "refresh", "result": "succeeded"}, update, {**update, "result": "succeeded"}]

    def capture(self, *arguments: str) -> str:
        assert arguments[:2] == ("stack", "history")
        return json.dumps(self._history)

    def state(self) -> dict[str, Any]:
        image = {"urn": "urn:pulumi:staging::gostack::gostack:index:ServiceImage::users", "outputs": {"image_id": RUNS}}
        return {"resources": [image]}


class FakeRegistry:
    """What crane is asked of a registry that has one image, by these tags."""

    def __init__(self, *tags: str) -> None:
        self.tags = tags
        self.asked: list[list[str]] = []

    def __call__(self, arguments: Sequence[str], given: str) -> str:
        self.asked.append([*arguments])
        if arguments[0] == "digest" and arguments[1].rpartition(":")[2] not in self.tags:
            raise PulumiError("crane digest failed (MANIFEST_UNKNOWN).")
        return f"{EARLIER}\n"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    found = FakeRegistry()
    monkeypatch.setattr(command, "crane_of", lambda workspace: found)
    return found


def test_what_runs_gets_the_names_of_the_commit_that_it_was_brought_up_from(
    project: Path, registry: FakeRegistry
) -> None:
    git(project, "tag", "v1.2.3")
    commit = git(project, "rev-parse", "HEAD")
    workspace: Any = FakeWorkspace(project, commit)
    assert command.tag(workspace, None) == 0
    assert registry.asked == [["tag", RUNS, commit], ["tag", RUNS, "1.2.3"], ["tag", RUNS, "latest"]]


@pytest.mark.parametrize("ended", [{"commit": "b" * 40}, {"result": "failed"}, {"dirty": "true"}])
def test_a_later_version_goes_to_the_image_of_its_commit_and_not_to_what_runs(
    project: Path, registry: FakeRegistry, ended: dict[str, str]
) -> None:
    git(project, "tag", "v1.2.3")
    commit = git(project, "rev-parse", "HEAD")
    workspace: Any = FakeWorkspace(project, **{"commit": commit, **ended})
    with pytest.raises(PulumiError, match=f"does not run users of the commit {commit[:9]}, and {REPOSITORY} has no"):
        command.tag(workspace, None)
    registry.asked.clear()
    registry.tags = (commit,)
    assert command.tag(workspace, None) == 0
    assert registry.asked == [["digest", f"{REPOSITORY}:{commit}"], ["tag", f"{REPOSITORY}@{EARLIER}", "1.2.3"]]


def test_another_commit_without_a_version_gives_no_name(project: Path, registry: FakeRegistry) -> None:
    workspace: Any = FakeWorkspace(project, "b" * 40)
    with pytest.raises(PulumiError, match="there is nothing to tag"):
        command.tag(workspace, None)
    assert not registry.asked


def test_an_image_that_no_registry_has_gets_no_tag() -> None:
    with pytest.raises(PulumiError, match="on this machine's engine alone"):
        tag_image(lambda arguments, given: given, StackImage("users", f"sha256:{'a' * 64}", built=True), ["latest"])
