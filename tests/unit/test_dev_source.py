"""Where the source of a service is, how it is compiled for a replica, and when it was saved.

The `docker` command is a script: does not prove that the image with Go compiles (tests/integration/test_21_dev.py).
"""

from __future__ import annotations

import platform
import shutil
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from infra.images_lock import ResolvedImage
from infra.settings.services import ServiceSettings
from tools.gostack.dev import source as dev_source
from tools.gostack.dev.source import Source, compiled, saves, source_of
from tools.gostack.environment.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]


def service(**values: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({"context": "services/greeter", **values})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"context": None, "image": "users:1"}, "runs an image that was built elsewhere"),
        ({"dockerfile": "Dockerfile.own"}, r"is built by Dockerfile.own.*gostack up users"),
        ({"build": {"cgo": True}}, r"is built by a C compiler"),
    ],
)
def test_what_this_machine_cannot_compile_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        source_of(PROJECT, "users", service(**values))


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go here")
def test_a_program_is_compiled_for_linux_and_its_mistakes_are_told(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "services" / "greeter", tmp_path / "services" / "greeter")
    source = source_of(tmp_path, "greeter", service())
    # This machine's own, whose standard library is compiled already; and ELF's number of it.
    architecture, number = ("amd64", 62) if platform.machine() == "x86_64" else ("arm64", 183)
    assert compiled(source, architecture, tmp_path / "built") == ""
    header = (tmp_path / "built").read_bytes()[:20]
    assert (header[:4], header[18]) == (b"\x7fELF", number)
    (source.context / "main.go").write_text("package main\nfunc main() { nothing() }\n")
    assert "undefined: nothing" in compiled(source, architecture, tmp_path / "built")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Go, whose docker command writes down what it was told, and fails as a compiler does."""
    (tmp_path / "services" / "greeter").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"${0}.told"\necho "main.go:3: wrong" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setattr("shutil.which", lambda name: None if name == "go" else str(program))
    golang = ResolvedImage("golang:1.26", "registry", "golang:1.26", "1.26", "sha256:0")
    monkeypatch.setattr(dev_source, "load_images_lock", lambda _: {"golang": golang})
    return program


def told_docker(project: Path, **build: Any) -> list[str]:
    """What the docker command is told when the service of a project is compiled."""
    source = source_of(project, "greeter", service(build=build))
    assert compiled(source, "arm64", project / "out" / "service") == "main.go:3: wrong"
    return (project / "bin" / "docker.told").read_text().splitlines()


def test_where_there_is_no_go_the_image_with_go_compiles_by_the_same_paths(tmp_path: Path, docker: Path) -> None:
    told = told_docker(tmp_path, args={"GOPROXY": "off", "OTHER": "x"})
    place = told.index("golang:1.26")
    assert told[place + 1 : place + 3] == ["go", "build"]
    context = tmp_path / "services" / "greeter"
    assert {
        f"--workdir={context}",
        f"--volume={context}:{context}:ro",
        "--env=GOARCH=arm64",
        "--env=GOPROXY=off",
    } <= set(told[:place])
    assert "--env=OTHER=x" not in told


def test_the_image_with_go_gets_private_modules_as_a_build_does(
    tmp_path: Path, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, written = tmp_path / "own.netrc", tmp_path / "out" / "secret"
    by_file, by_variable = {"netrc": {"file": str(file)}}, {"netrc": {"env": "CI_NETRC"}}
    with pytest.raises(UserError, match=r"build\.secrets\.netrc\.file is .*own\.netrc, which is not there\.$"):
        told_docker(tmp_path, secrets=by_file)
    file.write_text("machine git.example.com")
    assert f"--volume={file}:/tmp/.netrc:ro" in told_docker(tmp_path, secrets=by_file)
    monkeypatch.setenv("CI_NETRC", "machine git.example.com")
    told = told_docker(tmp_path, secrets=by_variable)
    assert f"--volume={written}:/tmp/.netrc:ro" in told
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("machine git.example.com", 0o600)
    assert "machine git.example.com" not in " ".join(told)


def test_where_there_is_neither_go_nor_an_engine_that_sees_the_source_both_ways_out_are_told(
    tmp_path: Path, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://build.example.com")
    with pytest.raises(UserError, match=r"ssh://build\.example\.com does not see the source.*gostack up greeter"):
        source_of(tmp_path, "greeter", service())
    monkeypatch.setattr(dev_source, "load_images_lock", lambda _: {})
    with pytest.raises(UserError, match="there is no go command: install it"):
        source_of(tmp_path, "greeter", service())


def test_a_save_is_seen_once_and_what_git_does_is_not(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file, lock = tmp_path / "main.go", tmp_path / ".git" / "index.lock"
    file.write_text("one")
    Timer(0.2, lambda: lock.write_text("")).start()
    Timer(0.5, lambda: (file.write_text("two"), (tmp_path / "other.go").write_text("two"))).start()
    found = saves(tmp_path)
    assert list(islice(found, 1)) == [None]
    assert file.read_text() == "two"


def test_a_save_before_anybody_looks_is_seen(tmp_path: Path) -> None:
    late = tmp_path / "late.go"
    found = saves(tmp_path)
    (tmp_path / "main.go").write_text("one")
    waker = Timer(5, lambda: late.write_text(""))
    waker.start()
    next(found)
    waker.cancel()
    assert not late.exists()


def test_source_is_where_its_module_is(tmp_path: Path) -> None:
    (tmp_path / "api" / "cmd" / "server").mkdir(parents=True)
    (tmp_path / "api" / "go.mod").write_text("module example.com/api\n")
    found = source_of(tmp_path, "users", service(context=".", main_package="api/cmd/server"))
    assert found == Source(tmp_path, tmp_path / "api", "./cmd/server", ())
