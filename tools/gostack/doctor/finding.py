"""What a check of the preflight has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    name: str
    """What was looked at, in a word or two."""
    level: Level
    message: str
    """What was found; with a failure, what is wrong."""
    remedy: str = ""
    """The command that mends it, or what to change."""
