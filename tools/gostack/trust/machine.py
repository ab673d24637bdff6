"""This machine, as far as its stores of certificates need it (tests give another one), and what became of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Run = Callable[[Sequence[str]], "str | None"]
"""Runs a command and returns what it prints; None when it fails."""


def run(command: Sequence[str]) -> str | None:
    """Run a command; see Run."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None


@dataclass(frozen=True)
class Machine:
    """Where things are, and how commands run."""

    root: Path = Path("/")
    home: Path = field(default_factory=Path.home)
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)
    is_mac: bool = sys.platform == "darwin"
    run: Run = run
    which: Callable[[str], str | None] = shutil.which


@dataclass(frozen=True)
class Outcome:
    """What was done with a store, and what is left to do."""

    done: Sequence[str] = ()
    """Sentences."""

    to_do: Sequence[str] = ()
    """Commands that take root, in their order."""

    refused: Sequence[str] = ()
    """Sentences about stores that cannot be read or changed."""
