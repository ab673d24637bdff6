"""One thing that is not as the last update left it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Drift:
    """One difference between what an update made and what is there."""

    resource: str
    """Name of the resource."""

    property: str
    """Path of the property; empty when the resource itself is gone or unknown."""

    sentence: str
    """What is different, with both values where they may be shown."""

    def __str__(self) -> str:
        return f"{self.resource}: {self.sentence}"
