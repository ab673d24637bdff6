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
    text = health_probe(f"echo asked >> {tmp_path}/asked; {command}").replace("/tmp/.", f"{tmp_path}/.")
    for pause, short in (("sleep 15", "sleep 0.1"), ("sleep 3;", "sleep 0.1;"), ("sleep 0.3", "sleep 0.05")):
        assert pause in text
        text = text.replace(pause, short)
    return text.replace("seq 60", "seq 5")


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


def test_what_was_healthy_is_asked_once_a_probe_until_it_is_again(probe: str, tmp_path: Path) -> None:
    (tmp_path / "well").touch()
    assert run(probe) == 0
    (tmp_path / "well").unlink()
    assert run(probe) == 1
    (tmp_path / "asked").unlink()
    assert [run(probe) for _ in range(3)] == [1, 1, 1]
    assert (tmp_path / "asked").read_text().count("asked") == 3
    (tmp_path / "well").touch()
    assert [run(probe), run(probe)] == [0, 0]
    assert {path.name for path in tmp_path.glob(".*")} == {".healthy"}
