"""An update of a stack on a cluster runs no image without its signature, and signs what it has built when it may.

The database knows one vulnerability, of nothing that is in the images: what a gate refuses is in
tests/rehearsal/test_supply_chain.py. Does not prove a signature without a key.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.images.signatures import SIGN_COMMAND
from tests.integration_kubernetes.support import ClusterStack
from tools.gostack.environment.progress import Progress
from tools.gostack.images import command
from tools.gostack.images.format import Format
from tools.gostack.images.stack_images import chosen_images
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError
from tools.offline.toolchain.go_build import build_binary
from tools.offline.toolchain.programs import cosign

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "of the test alone"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, with its public one beside it."""
    folder = tmp_path_factory.mktemp("key")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COSIGN_PASSWORD", PASSWORD)
        subprocess.run([cosign(PROJECT, Progress()), "generate-key-pair"], cwd=folder, check=True, capture_output=True)
    return folder / "cosign.key"


@pytest.fixture(scope="module")
def demanding(stack: ClusterStack, key: Path) -> Iterator[ClusterStack]:
    """The stack, of which nothing is signed so far, as it asks for a key's signature."""
    public = str(key.with_suffix(".pub"))
    stack.change(lambda config: config.update({"gostack:signatures": {"public_key": public}}))
    yield stack
    stack.change(lambda config: config.pop("gostack:signatures"))


def test_what_nobody_has_signed_is_refused_and_what_runs_goes_on(
    demanding: ClusterStack, capfd: pytest.CaptureFixture[str]
) -> None:
    before = demanding.names("application")
    assert lifecycle.up(demanding.workspace) != 0
    told = "".join(capfd.readouterr())
    assert "has no valid signature of" in told
    assert "no signatures found" in told
    with pytest.raises(PulumiError, match="has no valid signature of"):
        command.verify(demanding.workspace, "users")
    assert demanding.names("application") == before
    assert demanding.create_user()["id"]


def test_an_update_that_may_sign_signs_what_it_has_pushed_and_runs_it(
    demanding: ClusterStack, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = build_binary(PROJECT / "tools" / "offline" / "toolchain" / "grype", "./planted", "planted")
    database = tmp_path / "planted.db"
    subprocess.run([planted, database, "CVE-2026-99999", "critical", "planted", "2.0"], check=True)
    sign = [str(PROJECT / ".venv" / "bin" / "gostack"), "images", "sign", "--stack", demanding.workspace.stack]
    allowed = {
        SIGN_COMMAND: shlex.join(sign),
        "COSIGN_KEY": str(key),
        "COSIGN_PASSWORD": PASSWORD,
        "VULNERABILITY_DATABASE": str(database),
    }
    variables = demanding.workspace.variables
    variables.update(allowed)
    try:
        assert lifecycle.up(demanding.workspace) == 0
    finally:
        for name in allowed:
            variables.pop(name)
    capsys.readouterr()
    assert command.verify(demanding.workspace, None) == 0
    assert "users: localhost:5001/gostack/" in capsys.readouterr().out
    # Signed once, it needs nobody who may sign.
    assert lifecycle.up(demanding.workspace) == 0


def test_one_command_prints_what_is_in_the_digest_that_runs(
    demanding: ClusterStack, capsys: pytest.CaptureFixture[str]
) -> None:
    (image,) = chosen_images(demanding.workspace, "users")
    containers = [one for pod in demanding.pods("application") for one in pod["spec"]["containers"]]
    assert {one["image"] for one in containers if one["name"] == "application"} == {image.reference}
    assert command.print_sbom(demanding.workspace, "users", Format.CYCLONEDX) == 0
    listed = {one["name"] for one in json.loads(capsys.readouterr().out)["components"]}
    assert "github.com/go-sql-driver/mysql" in listed
