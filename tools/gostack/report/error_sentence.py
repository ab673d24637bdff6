"""The one sentence of an engine's error that tells a reader what to do."""

from __future__ import annotations

import re

_EXCEPTION = re.compile(r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning): ")


def sentence_of(error: str) -> str:
    """Return the first line of an error; of a program's traceback what the exception says.

    The engine's own first line ("the program failed with an unhandled exception") says nothing of the cause, which
    Python writes last.
    """
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    if not lines:
        return "it says nothing"
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        # An exception's text may have several lines: it begins where its type stands.
        for line in reversed(lines):
            if _EXCEPTION.match(line):
                return _EXCEPTION.sub("", line)
        return lines[-1]
    return lines[0]
