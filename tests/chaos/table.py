"""The table of drills, for a terminal and for docs/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.chaos.model import FIGURES
from tests.chaos.record import Record

COMMAND = "make drill MARKDOWN=docs/drills.md"

_COLUMNS = (
    ("sent", "sent"),
    ("failed", "failed"),
    ("longest outage", "outage"),
    ("slowest", "slowest"),
    ("rows acknowledged", "acknowledged"),
    ("rows lost", "lost"),
    ("recovered after", "recovered"),
    ("`make up`", "up"),
)
_COUNTS = frozenset({"sent", "failed", "acknowledged", "lost"})
_HEADER = ("drill", *(title for title, _ in _COLUMNS), "criteria", "met")


def text_table(records: Iterable[Record]) -> str:
    """The table in columns of equal width."""
    rows = [_HEADER, *(_row(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def markdown(records: Sequence[Record]) -> str:
    """The page under docs/: the table, what each drill does, when and where it ran, what went wrong."""
    dates = sorted({record.circumstances.time.partition(" ")[0] for record in records})
    span = " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))
    lines = [
        "# Drills",
        "",
        f"Written by `{COMMAND}`: the last run of each drill ({span}).",
        "`make drill NAME=…` runs one of them.",
        "",
        *_markdown_table(_HEADER, [_row(record) for record in records]),
        "",
        "Times are in seconds. The figures:",
        "",
        *(f"* `{name}`: {meaning}." for name, meaning in FIGURES.items()),
        "",
        "## What each drill does",
        "",
    ]
    for record in records:
        where = record.circumstances
        lines += [
            f"### {record.name}",
            "",
            record.purpose,
            "",
            f"* Run on {where.time} UTC at revision {where.revision} on {where.machine}.",
            f"* {where.load}",
            *(f"* {sentence}" for sentence in record.details),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _row(record: Record) -> tuple[str, ...]:
    cells: list[str] = []
    for _, figure in _COLUMNS:
        value = record.figures.get(figure)
        cells.append("–" if value is None else f"{value:.0f}" if figure in _COUNTS else f"{value:.1f}")
    return (record.name, *cells, ", ".join(record.criteria), record.verdict)


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
