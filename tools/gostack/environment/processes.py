"""Child processes that end with us: every long child is registered, and interrupted when the bootstrap is."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError

_children: set[subprocess.Popen[bytes]] = set()
_children_lock = threading.Lock()
_stopping = threading.Event()


def run_logged(
    command: Sequence[str],
    log: Path,
    *,
    what: str,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    last_lines: int = 15,
    seconds: float | None = None,
) -> None:
    """Run a command with its output appended to `log`.

    Raises `BootstrapError` with the last lines of the output and the log's path when the command fails or takes longer
    than `seconds` (default: no limit).
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        offset = output.tell()
        status = _run(command, output.fileno(), folder, variables, seconds)
    if status == 0:
        return
    with log.open("rb") as written:
        written.seek(offset)
        tail = written.read().decode(errors="replace").rstrip().splitlines()[-last_lines:]
    shown = "".join(f"\n    {line}" for line in tail)
    raise BootstrapError(f"{what} failed (exit status {status}).{shown}\n  The whole log: {log}")


def capture(command: Sequence[str], *, seconds: float = 30, variables: Mapping[str, str] | None = None) -> str | None:
    """The standard output of a short command, stripped; None when it is missing, fails or takes over `seconds`."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=seconds, check=True, env=variables, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()


def stop_children(grace: float = 3.0) -> None:
    """End every running child and its descendants: first politely, after `grace` seconds by force."""
    _stopping.set()
    with _children_lock:
        running = list(_children)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for child in running:
            if child.poll() is None:
                _signal_group(child, number)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline and any(child.poll() is None for child in running):
            time.sleep(0.05)


def _run(
    command: Sequence[str],
    output: int,
    folder: Path | None,
    variables: Mapping[str, str] | None,
    seconds: float | None,
) -> int:
    with _children_lock:
        if _stopping.is_set():
            raise BootstrapError("Interrupted.")
        try:
            # A process group of its own, so that a compiler started by `go build` ends together with it.
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=variables,
                process_group=0,
            )
        except OSError as error:
            raise BootstrapError(f"Cannot start {command[0]}: {error.strerror or error}.") from error
        _children.add(child)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired as error:
        _signal_group(child, signal.SIGKILL)
        child.wait()
        raise BootstrapError(f"`{' '.join(command)}` took longer than {error.timeout:.0f} s.") from error
    except BaseException:
        _signal_group(child, signal.SIGTERM)
        raise
    finally:
        with _children_lock:
            _children.discard(child)


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)
