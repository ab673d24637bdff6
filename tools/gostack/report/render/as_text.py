"""The report for a terminal, with colours where there is one and nobody has refused them."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import TextIO

from tools.gostack.report.model import Report, StackReport, by_verdict
from tools.gostack.report.render.sections import members, resource, sections

_COLOURS = {
    "safe": "32",
    "needs care": "33",
    "blocked": "31",
    "data loss": "31",
    "downtime": "33",
    "exposure": "35",
    "cost": "36",
}
_WIDTH = 110


def wants_colours(stream: TextIO = sys.stdout, variables: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that shows colours: see no-color.org."""
    return stream.isatty() and not variables.get("NO_COLOR") and variables.get("TERM") != "dumb"


def as_text(report: Report, *, colours: bool = False, everything: bool = False) -> str:
    """Return the report as lines; `everything` lists the resources of each part too."""
    return "\n".join(_lines(report, _Painter(colours), everything)) + "\n"


class _Painter:
    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, text: str, kind: str) -> str:
        return f"\x1b[1;{_COLOURS[kind]}m{text}\x1b[0m" if self._colours and kind in _COLOURS else text

    def code(self, text: str) -> str:
        return re.sub(r"`([^`]*)`", "\x1b[1m\\1\x1b[0m" if self._colours else r"\1", text)


def _lines(report: Report, paint: _Painter, everything: bool) -> Iterator[str]:
    yield f"{paint(report.verdict.upper(), report.verdict)}: {report.headline}"
    if len(report.stacks) > 1:
        yield f"{by_verdict(report)}."
    for item in report.stacks:
        yield ""
        yield from _stack(item, paint, everything)


def _stack(item: StackReport, paint: _Painter, everything: bool) -> Iterator[str]:
    yield f"{item.stack} — {paint(item.decision.verdict, item.decision.verdict)}: {item.counted}"
    for section in sections(item):
        yield ""
        yield f"  {paint(section.title, section.risk)}"
        for text in section.lines:
            yield from _wrapped(text, paint, "    • ")
    if item.groups:
        yield ""
        yield "  What changes"
    for group in item.groups:
        yield from _wrapped(f"`{group.name}`: {group.sentence}", paint, "    • ")
        if everything:
            for region, changes in members(group):
                for change in changes:
                    yield from _wrapped(f"{region + ' ' if region else ''}{resource(change)}", paint, "        ")


def _wrapped(text: str, paint: _Painter, first: str) -> Iterator[str]:
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    # Painted as a whole: a name may stand at the end of a line.
    yield from paint.code("\n".join(lines)).split("\n")
