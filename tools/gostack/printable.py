"""Text of strangers on a terminal."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    """Return a text in which whatever would move the cursor or change colours is written out (`\\x1b`), but for the
    letters of `kept`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in kept else ascii(letter)[1:-1] for letter in text)
