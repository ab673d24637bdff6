"""An image's tag is the digest of what it is built from.

Does not prove that the engine sees the same files: it reads the same .dockerignore.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from components.images import build_context
from components.images.build_context import built_files, content_digest, project_path


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build_context, "PROJECT", tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "service" / "inner").mkdir(parents=True)
    (tmp_path / "service" / "main.go").write_text("package main\n")
    (tmp_path / "service" / "inner" / "a.go").write_text("package inner\n")
    (tmp_path / "service" / ".dockerignore").write_text("# not built\n*.log\n")
    return tmp_path


def digest() -> str:
    return content_digest("service", "Dockerfile", {"A": "1"})


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": lambda root: (root / "service" / "main.go").write_text("package  main\n"),
    "a name": lambda root: (root / "service" / "main.go").rename(root / "service" / "other.go"),
    "a mode": lambda root: (root / "service" / "main.go").chmod(0o755),
    "a file more": lambda root: (root / "service" / "inner" / "b.go").write_text(""),
    "the Dockerfile": lambda root: (root / "Dockerfile").write_text("FROM other\n"),
    "what is ignored": lambda root: (root / "service" / ".dockerignore").write_text("inner\n"),
    "a link": lambda root: (root / "service" / "link").symlink_to("inner"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_of_what_is_built_changes_the_digest(project: Path, change: Callable[[Path], object]) -> None:
    before = digest()
    change(project)
    assert digest() != before


def test_a_changed_build_argument_changes_the_digest() -> None:
    assert content_digest("service", "Dockerfile", {"A": "2"}) != digest()


def test_what_is_not_built_does_not_count(project: Path) -> None:
    before = digest()
    (project / "service" / "noise.log").write_text("noise")
    (project / "elsewhere").write_text("noise")
    assert digest() == before


@pytest.mark.parametrize(
    "dropping", [".git/HEAD", "inner/.git", ".idea/x.xml", ".vscode/s.json", "inner/.a.go.swp", ".DS_Store", "a.go~"]
)
def test_what_version_control_and_editors_leave_does_not_count(project: Path, dropping: str) -> None:
    before = digest()
    path = project / "service" / dropping
    path.parent.mkdir(exist_ok=True)
    path.write_text("noise")
    assert digest() == before


def test_the_ignore_file_of_a_dockerfile_replaces_that_of_its_context(project: Path) -> None:
    (project / "Dockerfile.dockerignore").write_text("inner\n")
    (project / "service" / "noise.log").write_text("noise")
    assert built_files("service", "Dockerfile") == [".dockerignore", "main.go", "noise.log"]


def test_an_ignore_file_may_ask_for_what_is_never_built(project: Path) -> None:
    (project / "service" / ".dockerignore").write_text("!.git\n")
    (project / "service" / ".git").write_text("gitdir: elsewhere")
    assert ".git" in built_files("service", "Dockerfile")


def test_an_absolute_path_stays_one() -> None:
    assert project_path("/srv/shop") == "/srv/shop"


def test_the_same_files_elsewhere_have_the_same_digest(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = digest()
    copy = tmp_path_factory.mktemp("copy") / "project"
    project.rename(copy)
    monkeypatch.setattr(build_context, "PROJECT", copy)
    assert digest() == before


def test_a_path_is_told_from_where_the_program_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "service" / "inner")
    assert project_path("Dockerfile") == "../../Dockerfile"


def test_a_missing_folder_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder of the project"):
        content_digest("nowhere", "Dockerfile", {})
