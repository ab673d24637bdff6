"""How a status is shown: as coloured tables on a terminal, as aligned text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tools.gostack.columns import aligned
from tools.gostack.status.model import Status, Traffic

_SOON_DAYS = 14
_SERVICES = ("service", "track", "region", "passing", "requests/s", "errors", "P99", "image")


@dataclass(frozen=True)
class Cell:
    """A text, and whether it is as it should be."""

    text: str
    well: bool = True


Rows = Sequence[Sequence[Cell]]
"""Of a table; the first is the heading."""


def tables(status: Status) -> list[Rows]:
    """Return the tables of a status: replicas, members of the database, entries."""
    services = [
        [
            Cell(one.service),
            Cell(one.track),
            Cell(one.region),
            Cell(f"{one.passing}/{one.wanted}", one.passing >= one.wanted),
            *_traffic(one.traffic),
            Cell(one.image),
        ]
        for one in status.services
    ]
    databases = [[Cell(one.place), Cell(one.role), Cell(one.state, one.state == "online")] for one in status.databases]
    entries = [
        [
            Cell(one.region),
            Cell(one.address),
            Cell("reachable" if one.reachable else "not reachable", one.reachable),
            _days(one.certificate_days),
        ]
        for one in status.ingresses
    ]
    found = [
        ([Cell(title) for title in _SERVICES], services),
        ([Cell("mysql"), Cell("role"), Cell("state")], databases),
        ([Cell("ingress"), Cell("address"), Cell("state"), Cell("certificate")], entries),
    ]
    return [[heading, *rows] for heading, rows in found if rows]


def as_text(status: Status) -> str:
    """Return aligned text without colours."""
    parts = ["\n".join(_aligned(rows)) for rows in tables(status)]
    return "\n\n".join([*parts, "\n".join(_last(status))])


def as_renderable(status: Status, *, verdict_first: bool = False) -> RenderableType:
    """Return what rich shows on a terminal; `verdict_first` is for a view whose end may be cut off."""
    parts: list[RenderableType] = []
    for heading, *rows in tables(status):
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for cell in heading:
            table.add_column(cell.text, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell.text, "" if cell.well else "bold red") for cell in row))
        parts += [table, Text()]
    colour = "green" if status.well else "red"
    verdict = [Text(line, colour) for line in _last(status)]
    return Group(*verdict, Text(), *parts) if verdict_first else Group(*parts, *verdict)


def _last(status: Status) -> list[str]:
    authority = f"; its authority expires in {status.ca_days} d" if status.ca_days is not None else ""
    also = f"{_alerts(status.alerts)}{authority}"
    if status.well:
        return [f"{status.stack} is as its settings say{also}."]
    return [f"{status.stack} is not as its settings say{also}:", *(f"  {one}" for one in status.problems)]


def _alerts(number: int | None) -> str:
    if number is None:
        return "; whether an alert fires is not known"
    return "; 1 alert fires" if number == 1 else f"; {number or 'no'} alerts fire"


def _traffic(found: Traffic | None) -> list[Cell]:
    if found is None:
        return [Cell("-")] * 3
    errors, p99 = found.error_percent, found.p99_milliseconds
    return [
        Cell(f"{found.requests_per_second:.1f}"),
        Cell("-" if errors is None else f"{errors:.2f} %"),
        Cell("-" if p99 is None else f"{p99:.0f} ms"),
    ]


def _days(days: int | None) -> Cell:
    return Cell("?", well=False) if days is None else Cell(f"{days} d left", days >= _SOON_DAYS)


def _aligned(rows: Rows) -> list[str]:
    return aligned([[cell.text for cell in row] for row in rows])
