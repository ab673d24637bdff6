"""Rows of text as aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from tools.gostack.printable import printable


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each row, whose cells are as wide as the widest of their column and of printable letters alone:
    a commit's author or an alert's text is anybody's."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
