"""What a seeded mistake is, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LAYERS = ("types", "settings", "tests", "policy")
"""Where a mistake can be caught, the earliest first."""

REMOVED = "⟨removed⟩"
"""The value of what a mistake takes away."""


@dataclass(frozen=True)
class SettingsMistake:
    """A wrong line in a stack file."""

    title: str
    stack: str
    path: str
    """Dotted path below the stack's configuration."""

    value: Any = REMOVED
    layer: str = "settings"
    """What refuses it: the settings, or the rules of `policy` where it is right on another stack."""


@dataclass(frozen=True)
class SourceMistake:
    """A wrong line in the program."""

    title: str
    file: str
    old: str
    """What is replaced; it stands in the file exactly once."""

    new: str
    tests: tuple[str, ...] = ()
    """Tests of the suite that are run on the changed copy: a part of it that takes seconds, not the minutes of all."""


@dataclass(frozen=True)
class GraphMistake:
    """A wrong property of what a stack registers, whichever line of the program it came from."""

    title: str
    stack: str
    resource: str
    """Name of the resource."""

    path: str = ""
    """Input, `options.<name>` or `provider`; empty for a resource that is not there at all."""

    value: Any = REMOVED


Mistake = SettingsMistake | SourceMistake | GraphMistake


@dataclass(frozen=True)
class Outcome:
    """What became of a mistake."""

    mistake: Mistake
    layer: str | None
    """The first layer that caught it; None for a survivor."""

    evidence: str
    """What the layer said, in a line; empty for a survivor."""


def place(mistake: Mistake) -> str:
    """Return where a mistake was made."""
    if isinstance(mistake, SourceMistake):
        return mistake.file
    where = f"Pulumi.{mistake.stack}.yaml" if isinstance(mistake, SettingsMistake) else f"{mistake.stack} graph"
    subject = mistake.path if isinstance(mistake, SettingsMistake) else mistake.resource
    return f"{where}: {subject}"
