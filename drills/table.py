"""The table of a run, for a terminal and for docs/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drills.model import FIGURES
from drills.runner import Outcome

_COLUMNS = (
    ("drill", ""),
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
_HEADER = (*(title for title, _ in _COLUMNS), "criteria", "met")


@dataclass(frozen=True)
class Circumstances:
    """When and where a run took place."""

    date: str
    command: str
    machine: str
    rate: str
    """The requests a second, in words."""


def text_table(outcomes: Iterable[Outcome]) -> str:
    """The table in columns of equal width."""
    rows = [_HEADER, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(outcomes: Sequence[Outcome], circumstances: Circumstances) -> str:
    """The page under docs/: the table, what each drill does, what went wrong."""
    lines = [
        "# Drills",
        "",
        f"Written on {circumstances.date} by `{circumstances.command}` on {circumstances.machine}.",
        circumstances.rate,
        "",
        *_markdown_table(_HEADER, [_row(outcome) for outcome in outcomes]),
        "",
        "Times are in seconds. The figures:",
        "",
        *(f"* `{name}`: {meaning}." for name, meaning in FIGURES.items()),
        "",
        "## What each drill does",
        "",
    ]
    for outcome in outcomes:
        lines += [f"### {outcome.drill.name}", "", outcome.drill.purpose, ""]
        lines += [f"* {sentence}" for sentence in details(outcome)] + [""]
    return "\n".join(lines).rstrip() + "\n"


def details(outcome: Outcome) -> list[str]:
    """What stands behind a row of the table, one sentence each."""
    if outcome.refused:
        return [f"Not run: {outcome.refused}"]
    told = [f"{name}: {result}" for name, result in outcome.loads.items()]
    told += [
        f"{name.replace('_', ' ')}: {_number(value)}" for name, value in outcome.figures.items() if name not in FIGURES
    ]
    told += [f"**not met**: {criterion}" for criterion in outcome.missed]
    return told + [f"**problem**: {_one_line(problem)}" for problem in outcome.problems]


def _row(outcome: Outcome) -> tuple[str, ...]:
    cells = [outcome.drill.name]
    for _, figure in _COLUMNS[1:]:
        value = outcome.figures.get(figure)
        cells.append("–" if value is None else f"{value:.0f}" if figure in _COUNTS else f"{value:.1f}")
    criteria = ", ".join(str(criterion) for criterion in outcome.drill.criteria)
    return (*cells, criteria, _verdict(outcome))


def _verdict(outcome: Outcome) -> str:
    if outcome.refused:
        return "not run"
    if outcome.passed:
        return "yes"
    missed = [str(criterion) for criterion in outcome.missed]
    return "no: " + ", ".join(missed + (["see below"] if outcome.problems else []))


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
