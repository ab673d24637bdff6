"""A health probe asks often until its command succeeds once, then at leisure, and notices when it fails again.

Does not prove that the engine runs it as often as it should.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.docker.health import health_probe


@pytest.fixture
def probe(tmp_path: Path) -> str:
    """The probe of a file that must be there, with short pauses and a folder of its own."""
    command = f"test -e {tmp_path}/well"
    text = health_probe(command).replace("/tmp/.healthy", f"{tmp_path}/.healthy")
    return text.replace("sleep 15", "sleep 0.1").replace("seq 60", "seq 5").replace("sleep 0.3", "sleep 0.05")


def run(probe: str) -> int:
    return subprocess.run(["/bin/sh", "-c", probe], check=False).returncode


def test_it_fails_after_a_number_of_attempts(probe: str, tmp_path: Path) -> None:
    assert run(probe) == 1
    assert not (tmp_path / ".healthy").exists()


def test_it_succeeds_and_remembers(probe: str, tmp_path: Path) -> None:
    (tmp_path / "well").touch()
    assert run(probe) == 0
    assert (tmp_path / ".healthy").exists()
    assert run(probe) == 0


def test_it_forgets_when_the_command_fails_again(probe: str, tmp_path: Path) -> None:
    (tmp_path / "well").touch()
    assert run(probe) == 0
    (tmp_path / "well").unlink()
    assert run(probe) == 1
    assert not (tmp_path / ".healthy").exists()
