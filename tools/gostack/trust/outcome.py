"""What became of an authority in the stores of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What was done with a store, and what is left to do."""

    done: Sequence[str] = ()
    """Sentences."""

    to_do: Sequence[str] = ()
    """Commands that take root, in their order."""

    refused: Sequence[str] = ()
    """Sentences about stores that cannot be read or changed."""
