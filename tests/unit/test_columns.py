"""Columns stay columns, whatever is in them."""

from __future__ import annotations

from tools.gostack.columns import aligned


def test_a_strangers_text_moves_no_cursor_and_breaks_no_line() -> None:
    rows = [("who", "message"), ("Ada\x1b[2J", "one\rtwo\tthree\n"), ("Zoë", "fine")]
    assert aligned(rows) == [
        "who         message",
        r"Ada\x1b[2J  one\rtwo\tthree\n",
        "Zoë         fine",
    ]
