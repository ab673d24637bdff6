"""The programs that Pulumi starts by name find the project that they stand in, from any folder.

Does not prove that they answer the engine: tests/rehearsal does.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.engine import DOUBLES, PROJECT

PROGRAMS = sorted([*DOUBLES.glob("*/*/pulumi-resource-*"), *DOUBLES.glob("*/cli/*")])


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_knows_its_project(program: Path, tmp_path: Path) -> None:
    text = program.read_text(encoding="utf-8").partition('if __name__ == "__main__":')[0]
    shown = f"__file__ = {str(program)!r}\n{text}\nprint(PROJECT)"
    python = PROJECT / ".venv" / "bin" / "python"
    done = subprocess.run([str(python), "-c", shown], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == PROJECT
