"""What a terminal shows of an update: what goes on at this moment and for how long, and what has been done.

A log has a digest instead, and `-v` Pulumi's own tree.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tools.gostack.lifecycle.digest import FINISHED, SECTIONS, STEP, WENT_WRONG, counted

MOST_ROWS = 12
"""Steps that are shown while they go on, those that began first."""

_BEGINS = ("creating", "updating", "deleting", "replacing", "refreshing", "reading", "importing")


class Board:
    """The steps of an update, as far as its lines tell."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = now()
        self._going_on: dict[tuple[str, str], tuple[str, float]] = {}
        self._done: Counter[str] = Counter()
        self._section = ""
        # What is shown is asked for by another thread.
        self._lock = threading.Lock()

    def take(self, line: str) -> str | None:
        """Take a line of Pulumi's; return it when it is for the reader: a diagnostic, or a step that went wrong."""
        text = line.rstrip()
        if text in SECTIONS:
            self._section = text
        step = None if self._section else STEP.match(text)
        if step is None:
            return None if self._section == "Outputs:" else text
        key, what = (step["type"], step["name"]), step["what"]
        with self._lock:
            if what.startswith(_BEGINS):
                word = what.split(" ")[0]
                # Told again and again while it goes on.
                if self._going_on.get(key, ("",))[0] != word:
                    self._going_on[key] = (word, self._now())
            else:
                self._going_on.pop(key, None)
            done = FINISHED.match(what)
            self._done.update([done["what"]] if done else [])
        return text if WENT_WRONG.search(what) else None

    def __rich__(self) -> RenderableType:
        """Return what is shown at this moment."""
        with self._lock:
            now, rows, summary = self._now(), [*self._going_on.items()], counted(self._done)
        table = Table.grid(padding=(0, 2, 0, 0))
        for (kind, name), (what, began) in rows[:MOST_ROWS]:
            seconds = Text(f"{now - began:.0f} s", "dim")
            table.add_row(Text(what, "yellow"), Text(name), Text(kind.rpartition(":")[2], "dim"), seconds)
        more = [Text(f"… and {len(rows) - MOST_ROWS} more", "dim")] if len(rows) > MOST_ROWS else []
        return Group(Text(f"{summary} after {now - self._began:.0f} s", "bold"), *([table] if rows else []), *more)


def show(lines: Iterable[str], console: Console | None = None) -> None:
    """Show the lines of `pulumi up` or `destroy` on a terminal while they come."""
    board, blank = Board(), True
    # It is gone at the end, where Pulumi sums up.
    with Live(board, console=console, refresh_per_second=4, transient=True) as live:
        for line in lines:
            text = board.take(line)
            if text is None or (blank and not text):
                continue
            blank = not text
            live.console.print(text, markup=False, highlight=False, soft_wrap=True)
