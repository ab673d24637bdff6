"""The parts of a URN, which names a resource for ever."""

from __future__ import annotations

from dataclasses import dataclass

_PREFIX = "urn:pulumi:"


@dataclass(frozen=True)
class Urn:
    """A parsed URN."""

    stack: str
    """Name of the stack."""

    type: str
    """Type of the resource, without those of its parents."""

    name: str
    """Name that the program gave it."""

    @classmethod
    def parse(cls, text: str) -> Urn:
        """Return the parts of a URN; raises ValueError when it is none."""
        parts = text.removeprefix(_PREFIX).split("::", 3)
        if not text.startswith(_PREFIX) or len(parts) != 4 or not all(parts):
            raise ValueError(f'"{text}" is no URN, which looks like urn:pulumi:prod::gostack::type::name')
        stack, _project, types, name = parts
        return cls(stack, types.rsplit("$", 1)[-1], name)


def name_of(urn: str) -> str:
    """Return the name in a URN, or the text itself when it is none."""
    return urn.rsplit("::", 1)[-1]
