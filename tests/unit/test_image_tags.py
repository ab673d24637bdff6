"""An image is called by its commit, that commit's versions and `latest`; never by a commit that it is not.

Does not prove that a registry takes the tags: tests/rehearsal/test_supply_chain.py asks one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.gostack.images.stack_images import StackImage
from tools.gostack.images.tags import tag_image, tags_of
from tools.gostack.lifecycle.workspace import PulumiError

DIGEST = f"sha256:{'a' * 64}"


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


def test_a_commit_without_a_version_is_a_tag_beside_latest(project: Path) -> None:
    git(project, "tag", "v0.9.0")
    git(project, "commit", "--quiet", "--allow-empty", "--message", "second")
    assert tags_of(project) == [git(project, "rev-parse", "HEAD"), "latest"]


def test_the_semantic_versions_of_the_commit_are_tags_and_its_other_names_are_not(project: Path) -> None:
    for name in ("v1.2.3", "2.0.0-rc.1", "v1.2", "v01.0.0", "nightly", "v1.2.3+build"):
        git(project, "tag", name)
    assert tags_of(project)[1:] == ["2.0.0-rc.1", "1.2.3", "latest"]


def test_what_no_commit_has_gets_no_commits_name(project: Path) -> None:
    (project / "main.go").write_text("package other\n")
    with pytest.raises(PulumiError, match="changes that no commit has"):
        tags_of(project)


def test_without_git_there_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(PulumiError, match="is no checkout of Git"):
        tags_of(tmp_path)


def test_an_image_gets_each_tag_in_its_registry_by_its_digest() -> None:
    asked: list[Sequence[str]] = []

    def run(arguments: Sequence[str], given: str) -> str:
        asked.append(arguments)
        return given

    reference = f"registry.example.com/users@{DIGEST}"
    tag_image(run, StackImage("users", reference, built=True), ["1.2.3", "latest"])
    assert asked == [["tag", reference, "1.2.3"], ["tag", reference, "latest"]]
    with pytest.raises(PulumiError, match="on this machine's engine alone"):
        tag_image(run, StackImage("users", DIGEST, built=True), ["latest"])
