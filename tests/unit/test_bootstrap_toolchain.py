"""Which Pulumi is used: the version that fits, and the order official, installed, built.

Does not prove that any of them works: that is what the integration tests run on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.progress import Progress
from tools.gostack.environment.toolchain import (
    PULUMI_VERSION,
    Toolchain,
    find_installed,
    find_official,
    first,
    fits,
    install,
)
from tools.offline.toolchain.build import find_built


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v3.250.0", True),
        ("3.250.0", True),
        ("v3.251.0-alpha.1", True),
        ("v3.999.9\n", True),
        ("v3.249.9", False),
        ("v4.0.0", False),
        ("dev", False),
        ("", False),
        (None, False),
    ],
)
def test_versions_that_fit(version: str | None, expected: bool) -> None:
    assert fits(version) is expected


def installation(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_an_official_installation_on_path_is_used(tmp_path: Path) -> None:
    folder = installation(tmp_path / "official", "pulumi", "pulumi-language-python")
    found = find_official(["", str(tmp_path / "none"), str(folder)], tmp_path / "cache", lambda _: "v3.260.1")
    assert found == Toolchain("official", "3.260.1", folder)


def test_a_cli_without_a_language_host_is_passed_over(tmp_path: Path) -> None:
    folder = installation(tmp_path / "bare", "pulumi")
    assert find_official([str(folder)], tmp_path / "cache", lambda _: "v3.260.1") is None


def test_a_cli_that_does_not_fit_is_passed_over_for_the_next(tmp_path: Path) -> None:
    old = installation(tmp_path / "old", "pulumi", "pulumi-language-python")
    new = installation(tmp_path / "new", "pulumi", "pulumi-language-python")
    versions = {old / "pulumi": "v3.100.0", new / "pulumi": "v3.250.0"}
    found = find_official([str(old), str(new)], tmp_path / "cache", versions.__getitem__)
    assert found is not None
    assert found.bin_folder == new


def test_the_language_host_may_lie_beside_the_file_that_a_link_points_to(tmp_path: Path) -> None:
    real = installation(tmp_path / "opt" / "pulumi", "pulumi", "pulumi-language-python")
    link = installation(tmp_path / "bin")
    (link / "pulumi").symlink_to(real / "pulumi")
    found = find_official([str(link)], tmp_path / "cache", lambda _: "v3.250.0")
    assert found is not None
    assert found.bin_folder == link


def test_our_own_build_on_path_is_not_taken_for_an_official_one(tmp_path: Path) -> None:
    folder = installation(tmp_path / "cache" / "toolchain-1" / "bin", "pulumi", "pulumi-language-python")
    assert find_official([str(folder)], tmp_path / "cache", lambda _: "v3.250.0") is None


def test_later_candidates_are_not_asked() -> None:
    wanted = Toolchain("installed", PULUMI_VERSION, Path("bin"))

    def never() -> Toolchain:
        raise AssertionError("asked")

    assert first([lambda: None, lambda: wanted, never]) is wanted
    assert first([lambda: None]) is None


def test_nothing_is_installed_when_the_installer_cannot_be_reached(tmp_path: Path) -> None:
    assert install(tmp_path, Progress(quiet=True), reachable=lambda: False) is None
    assert list(tmp_path.iterdir()) == []


def test_a_finished_installation_is_found(tmp_path: Path) -> None:
    assert find_installed(tmp_path) is None
    folder = installation(tmp_path / f"pulumi-{PULUMI_VERSION}" / "bin", "pulumi", "pulumi-language-python")
    assert find_installed(tmp_path) == Toolchain("installed", PULUMI_VERSION, folder)


def test_without_go_nothing_built_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> tuple[str, str]:
        raise BootstrapError("no Go")

    monkeypatch.setattr("tools.offline.toolchain.build.find_go", missing)
    assert find_built(tmp_path, tmp_path) is None
