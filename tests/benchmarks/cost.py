"""What something costs: the time that a person waits, and that of the processors.

Of commands it is what they and all programs that they started have used, of the Docker engine what its own two
processes have, without containers. Does not see an engine on another machine.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.columns import aligned

_ENGINE = frozenset({"dockerd", "containerd"})
_FIGURES = ("seconds", "CPU-s", "engine's")
_UNKNOWN = "-"


@dataclass(frozen=True)
class Cost:
    """What was used from a moment to another one."""

    seconds: float

    commands: float
    """CPU-seconds of this process and of all that it started."""

    engine: float | None
    """CPU-seconds of the engine; None where none runs on this machine."""

    @property
    def processor(self) -> float:
        """CPU-seconds of commands, and of the engine where they are known."""
        return self.commands + (self.engine or 0)


Row = tuple[str, Sequence[Cost], Sequence[Cost]]
"""What was done, what it cost in each round, and what its counterpart did; empty where there is none."""


def cost_of(action: Callable[[], object]) -> Cost:
    """Do something and return what it cost."""
    began, commands, engine = time.monotonic(), _of_commands(), _of_engine()
    action()
    seconds, used, ended = time.monotonic() - began, _of_commands(), _of_engine()
    return Cost(seconds, used - commands, None if engine is None or ended is None else ended - engine)


def table(rows: Sequence[Row]) -> str:
    """Return medians as text, a line for each row, and how many times the counterpart's ours is."""
    most = max((len(ours) for _, ours, _ in rows), default=0)
    title = "median" if most == 1 else f"medians of {most} rounds"
    heading = (title, *_FIGURES, "compose v2", *_FIGURES[1:], "ratio", "of CPU-s")
    lines = [(title, *_medians(ours), *_medians(theirs), *_ratios(ours, theirs)) for title, ours, theirs in rows]
    return "\n".join(aligned([heading, *lines]))


def _medians(costs: Sequence[Cost]) -> tuple[str, ...]:
    figures = ([one.seconds for one in costs], [one.commands for one in costs], [one.engine for one in costs])
    return tuple(_figure([value for value in values if value is not None]) for values in figures)


def _figure(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else _UNKNOWN


def _ratios(ours: Sequence[Cost], theirs: Sequence[Cost]) -> tuple[str, str]:
    # Of the same round, in which the machine did the same beside both.
    pairs = list(zip(ours, theirs, strict=False))
    if not pairs:
        return _UNKNOWN, _UNKNOWN
    seconds = statistics.median(one.seconds / other.seconds for one, other in pairs)
    processor = statistics.median(one.processor / other.processor for one, other in pairs)
    return f"{seconds:.2f}", f"{processor:.2f}"


def _of_commands() -> float:
    # Pulumi waits for the end of its plugins, as this process does for Pulumi's.
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _of_engine() -> float | None:
    found = [ticks for file in Path("/proc").glob("[0-9]*/stat") if (ticks := _ticks(file)) is not None]
    return sum(found) / os.sysconf("SC_CLK_TCK") if found else None


def _ticks(file: Path) -> int | None:
    """Processor time of a process of the engine, in ticks; None of another one."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # It has ended meanwhile.
        return None
    # The name is in parentheses and may hold some itself; the times are fields 14 and 15 of all.
    name, _, rest = text.partition("(")[2].rpartition(") ")
    fields = rest.split()
    return int(fields[11]) + int(fields[12]) if name in _ENGINE else None
