"""What a program says when it fails, and what that means for somebody who writes settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Words of a program, and what helps."""

    words: re.Pattern[str]
    """Words, whatever their case, by which it is known."""

    sentence: str
    """What helps, without a full stop: a format with the groups of the words and what else is known."""


def what_helps(known: Iterable[Reason], text: str, **more: str) -> str:
    """Return the sentence of the first reason whose words are in a text; empty when none of them are."""
    for reason in known:
        match = reason.words.search(text)
        if match is not None:
            groups = {name: value or "" for name, value in match.groupdict().items()}
            return reason.sentence.format_map({**groups, **more})
    return ""
