"""The cache of Go builds: what changes its key, and that a failed or finished build leaves the right thing behind.

Does not prove that the real modules compile, nor that two processes wait for each other.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain import go_build


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/tool\n")
    (folder / "main.go").write_text("package main\n")
    return folder


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that counts its builds and writes what it was told to write."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "go"
    script.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        "version) echo 'go version go1.99.1 linux/amd64' ;;\n"
        "env) echo local ;;\n"
        "list) exit 0 ;;\n"
        f"build) echo built >> {tmp_path}/builds\n"
        f"  if [ -e {tmp_path}/broken ]; then echo 'undefined: nonsense'; exit 1; fi\n"
        '  while [ "$1" != "-o" ]; do shift; done; echo binary > "$2" ;;\n'
        "esac\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


def build(module: Path, cache: Path, **options: object) -> Path:
    return go_build.build_binary(module, ".", "tool", cache=cache, progress=Progress(quiet=True), **options)  # type: ignore[arg-type]


def test_the_key_is_the_same_for_the_same_sources_wherever_they_lie(module: Path, tmp_path: Path) -> None:
    copy = module.rename(tmp_path / "elsewhere")
    first = go_build.build_key(copy, ["-trimpath"], "go1.26.8 linux/amd64")
    back = copy.rename(module)
    assert go_build.build_key(back, ["-trimpath"], "go1.26.8 linux/amd64") == first
    assert len(first) == 12


def test_the_key_changes_with_each_thing_that_decides_the_build(module: Path) -> None:
    keys = [go_build.build_key(module, ["-trimpath"], "go1.26.8 linux/amd64")]
    keys.append(go_build.build_key(module, ["-trimpath", "-tags"], "go1.26.8 linux/amd64"))
    keys.append(go_build.build_key(module, ["-trimpath"], "go1.26.9 linux/amd64"))
    (module / "go.mod").write_text("module example.test/tool\n\ngo 1.26\n")
    keys.append(go_build.build_key(module, ["-trimpath"], "go1.26.8 linux/amd64"))
    (module / "sub").mkdir()
    (module / "sub" / "more.go").write_text("package sub\n")
    keys.append(go_build.build_key(module, ["-trimpath"], "go1.26.8 linux/amd64"))
    assert len(set(keys)) == len(keys)


def test_tests_and_documentation_do_not_change_the_key(module: Path) -> None:
    before = go_build.build_key(module, [], "go1.26.8 linux/amd64")
    (module / "main_test.go").write_text("package main\n")
    (module / "README.md").write_text("words\n")
    (module / ".hidden").write_text("x\n")
    assert go_build.build_key(module, [], "go1.26.8 linux/amd64") == before


def test_a_binary_is_built_once(module: Path, fake_go: Path) -> None:
    cache = fake_go / "cache"
    first = build(module, cache)
    assert build(module, cache) == first
    assert first.read_text() == "binary\n"
    assert (fake_go / "builds").read_text() == "built\n"


def test_other_flags_make_another_binary(module: Path, fake_go: Path) -> None:
    cache = fake_go / "cache"
    assert build(module, cache) != build(module, cache, tags=["no_compose"])


def test_a_failed_build_shows_the_end_of_its_log_and_leaves_nothing(module: Path, fake_go: Path) -> None:
    cache = fake_go / "cache"
    (fake_go / "broken").touch()
    with pytest.raises(BootstrapError) as failure:
        build(module, cache)
    assert "undefined: nonsense" in str(failure.value)
    assert "The whole log: " in str(failure.value)
    assert sorted(path.name for path in cache.iterdir()) == ["locks", "logs"]


def test_what_a_killed_build_left_is_swept_away(module: Path, fake_go: Path) -> None:
    cache = fake_go / "cache"
    finished = build(module, cache)
    left = cache / f".building-{finished.parent.name}"
    finished.parent.rename(left)
    assert build(module, cache) == finished
    assert not left.exists()


def test_a_go_that_is_too_old_is_named_with_its_version(fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_build, "MINIMUM_GO", (2, 0))
    with pytest.raises(BootstrapError, match=r"is Go 1\.99, but 2\.0 is needed"):
        go_build.find_go()
