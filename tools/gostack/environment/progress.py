"""Progress lines on standard error: `[ 42s] toolchain: building the Pulumi CLI (usually 3 min)…`."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO


def duration(seconds: float) -> str:
    """A duration as a person would say it: `0.4 s`, `42 s`, `3 min 20 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Progress:
    """Prints whole lines, one at a time, from any thread; there is nothing to animate, so a log file reads the same."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def line(self, lane: str, text: str) -> None:
        """Print one line; `lane` names the part of the work, for example `toolchain` or `images`."""
        if self._quiet:
            return
        elapsed = round(time.monotonic() - self._started)
        with self._lock:
            print(f"[{elapsed:4d}s] {lane}: {text}", file=self._stream, flush=True)

    @contextmanager
    def step(self, lane: str, text: str) -> Generator[None]:
        """Announce a step that takes more than a moment, and say how long it took when it ends well."""
        started = time.monotonic()
        self.line(lane, f"{text}…")
        yield
        # The hint in brackets ("usually 3 min") has served its purpose once the step is over.
        self.line(lane, f"{text.split(' (')[0]}: done in {duration(time.monotonic() - started)}")
