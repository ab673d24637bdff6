"""An engine that was killed does not keep the next one from starting.

Does not prove that the engine starts: the integration tests start one where none runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.gostack.environment.docker_engine import forget_dead_process
from tools.gostack.environment.large_pages import allow_large_pages


def pid_file(folder: Path, text: str) -> Path:
    file = folder / "docker.pid"
    file.write_text(text)
    return file


def process(folder: Path, number: int, program: str) -> Path:
    (folder / "proc" / str(number)).mkdir(parents=True)
    (folder / "proc" / str(number) / "comm").write_text(f"{program}\n")
    return folder / "proc"


def test_the_number_of_a_process_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    file = pid_file(tmp_path, "7")
    assert forget_dead_process(file, "dockerd", tmp_path / "proc")
    assert not file.exists()


def test_a_number_that_another_program_has_is_forgotten(tmp_path: Path) -> None:
    file = pid_file(tmp_path, "7\n")
    assert forget_dead_process(file, "dockerd", process(tmp_path, 7, "bash"))
    assert not file.exists()


def test_a_running_engine_keeps_its_number(tmp_path: Path) -> None:
    file = pid_file(tmp_path, "7")
    assert not forget_dead_process(file, "dockerd", process(tmp_path, 7, "dockerd"))
    assert file.exists()


@pytest.mark.parametrize("text", ["", "none"])
def test_a_file_without_a_number_is_left_to_the_engine(tmp_path: Path, text: str) -> None:
    file = pid_file(tmp_path, text)
    assert not forget_dead_process(file, "dockerd", tmp_path)
    assert file.exists()


def test_every_program_gets_large_pages_where_the_kernel_lets_it(tmp_path: Path) -> None:
    setting = tmp_path / "enabled"
    setting.write_text("always [madvise] never")
    allow_large_pages(setting)
    assert setting.read_text() == "always"
    allow_large_pages(tmp_path / "not there" / "enabled")
