"""A file that a program finds where it looks for it, whatever it runs on."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class GivenFile:
    """A text that every user of a container may read and nobody may change."""

    content: pulumi.Input[str]
    """Its text, never empty; a secret Output where it holds a secret."""

    executable: bool = False
    """True for a program."""

    @property
    def mode(self) -> int:
        """Its permissions."""
        return 0o555 if self.executable else 0o444
