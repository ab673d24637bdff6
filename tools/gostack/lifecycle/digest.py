"""What a log is told of an update: what changed, what went wrong, and that it goes on; not a line for each resource."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

MOST_STEPS = 10
"""Finished steps that are told one by one; the others are counted."""

SECONDS_BETWEEN_COUNTS = 15
"""While nothing else is told, the steps so far are counted this often."""

# `+  docker:index:Container users-east-0 created (1.2s)`: a sign, a type, a name, what is done with it.
STEP = re.compile(r"^ *(?:[+~<>=@-]{1,2} +)?(?P<type>[\w./-]+:[\w./-]+:\S+) (?P<name>\S+) *(?P<what>.*)$")
SECTIONS = ("Diagnostics:", "Policies:", "Outputs:", "Resources:")
# A replacement is told once, not also as what is made and what goes.
FINISHED = re.compile(r"^(?P<what>created(?! replacement)|deleted(?! original)|updated|replaced|imported)\b")
WENT_WRONG = re.compile(r"fail|error|warning|message")


def digest(lines: Iterable[str], now: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Yield the lines of `pulumi up`, `refresh` or `destroy` that a reader of a log needs.

    Steps that have ended are told until there are MOST_STEPS, then counted; those that change nothing are not told.
    Outputs are left out, because the command that runs Pulumi tells them in its own words. Every other line, first of
    all the diagnostics, is passed on as it is.
    """
    counts: Counter[str] = Counter()
    told_at = began = now()
    section, blank = "", False
    for line in lines:
        text = line.rstrip()
        if text in SECTIONS:
            if not section and counts.total() > MOST_STEPS:
                yield f"    … {counted(counts)}"
            section = text
        step = None if section else STEP.match(text)
        if section == "Outputs:" or (blank and not text):
            continue
        if step is None:
            yield text
            told_at, blank = now(), not text
            continue
        done = FINISHED.match(step["what"])
        counts.update([done["what"]] if done else [])
        if WENT_WRONG.search(step["what"]) or (done and counts.total() <= MOST_STEPS):
            yield text
            told_at, blank = now(), False
        elif now() - told_at >= SECONDS_BETWEEN_COUNTS:
            yield f"    … {counted(counts)} after {now() - began:.0f} s"
            told_at, blank = now(), False


def tell(lines: Iterable[str]) -> None:
    """Print the digest of lines as they come."""
    for line in digest(lines):
        print(line, flush=True)


def counted(counts: Counter[str]) -> str:
    """Return how many steps have ended, and how."""
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing changed yet"
