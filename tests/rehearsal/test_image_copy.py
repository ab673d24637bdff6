"""An accepted image is copied between two real registries, crane's own, and has the same digest there.

Does not prove that the registries of a cloud take it, nor how one logs in to them.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.copy_image import copied
from tools.gostack.release.crane import crane_of
from tools.offline.toolchain.programs import crane

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def command() -> str:
    return str(crane(PROJECT, Progress()))


@pytest.fixture
def registries(command: str) -> Iterator[list[str]]:
    """Host and port of two empty registries."""
    started = [
        subprocess.Popen([command, "registry", "serve", "--address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        yield [address(one) for one in started]
    finally:
        for one in started:
            one.terminate()
            one.wait()


def address(registry: subprocess.Popen[str]) -> str:
    assert registry.stderr is not None
    for line in registry.stderr:
        if found := re.search(r"port (\d+)", line):
            return f"localhost:{found[1]}"
    raise AssertionError("the registry did not start")


def pushed(command: str, folder: Path, reference: str) -> str:
    """Push an image and return its reference by digest."""
    (folder / "service").write_text("a program")
    with tarfile.open(folder / "layer.tar", "w") as layer:
        layer.add(folder / "service", "service")
    arguments = [command, "append", "--new_layer", str(folder / "layer.tar"), "--new_tag", reference]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_copy_of_an_image_has_the_same_digest_and_is_not_made_twice(
    command: str, registries: list[str], tmp_path: Path
) -> None:
    staging, prod = registries
    source = pushed(command, tmp_path, f"{staging}/gostack/users:1")
    digest = source.partition("@")[2]
    run = crane_of(Workspace(PROJECT, "prod"))
    for _ in range(2):
        assert copied(run, source, f"{prod}/gostack/users") == f"{prod}/gostack/users@{digest}"
    manifest = subprocess.run(
        [command, "manifest", f"{prod}/gostack/users@{digest}"], check=True, capture_output=True, text=True
    )
    assert len(json.loads(manifest.stdout)["layers"]) == 1


def test_a_digest_that_staging_does_not_have_is_not_released(registries: list[str]) -> None:
    staging, prod = registries
    with pytest.raises(PulumiError, match="crane copy failed"):
        copied(crane_of(Workspace(PROJECT, "prod")), f"{staging}/gostack/users@sha256:{'a' * 64}", f"{prod}/users")
