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


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
