"""Programs that run with this terminal as theirs."""

from __future__ import annotations

import os
import signal
import subprocess

from tools.gostack.environment.errors import UserError
from tools.gostack.running.replica import Program


def run(program: Program, text: bytes | None = None) -> int:
    """Run a program with this terminal, or with `text` as its input, and return its exit code."""
    # Ctrl-C is for the program inside: it decides whether it ends.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(
            program.command,
            input=text,
            env={**os.environ, **program.variables},
            check=False,
            preexec_fn=_default_interrupt,
        ).returncode
    except FileNotFoundError:
        raise UserError(f"there is no command `{program.command[0]}` on PATH: install it.") from None
    finally:
        signal.signal(signal.SIGINT, before)


def output_of(program: Program) -> str:
    """Run a program without any input and return what it prints; raises UserError with its last words."""
    try:
        result = subprocess.run(
            program.command,
            env={**os.environ, **program.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError(f"there is no command `{program.command[0]}` on PATH: install it.") from None
    if result.returncode != 0:
        raise UserError(
            f"it fails with exit code {result.returncode}: {result.stderr.strip() or result.stdout.strip()}"
        )
    return result.stdout


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
