"""A `cosign` that knows by heart which images are signed, where the real one would ask a registry.

Does not prove what cosign itself says of a signature: tests/rehearsal/test_supply_chain.py asks the real one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def put_cosign_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, *signed: str) -> Path:
    """Let these images be signed and no others; returns the file that holds what cosign was asked, a line each."""
    asked = folder / "asked"
    asked.touch()
    program = folder / "cosign"
    cases = "".join(f'*" {image}") exit 0 ;;\n' for image in signed)
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {asked}\ncase "$*" in\n{cases}esac\n'
        "echo 'Error: no signatures found' >&2\n"
        "echo 'main.go:74: error during command execution: no signatures found' >&2\nexit 10\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return asked
