"""Pictures of the command line, as `python -m tests.recordings` makes them.

Does not prove what is on those in docs/pictures: somebody looks at them.
"""

from __future__ import annotations

from tests.recordings import picture


def test_a_picture_has_the_texts_and_colours_of_the_terminal_and_asks_nobody_for_a_font() -> None:
    svg = picture("dev", "gostack dev users", "\x1b[38;5;196musers-east-0\x1b[0m ready\n\n\n")
    assert "gostack&#160;dev&#160;users" in svg or "gostack dev users" in svg
    assert "users-east-0" in svg
    assert "fill: #ff0000" in svg
    assert "@font-face" not in svg
    assert "url(http" not in svg
