"""What the arguments of many components have in common."""

from collections.abc import Mapping
from typing import TypedDict


class StackArgs(TypedDict):
    """Inputs of whatever is a part of a stack."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class KeptArgs(StackArgs):
    """Inputs of what keeps data that outlives the stack."""

    volume_prefix: str
    """First part of the names of its volumes on Docker, which stay the same for ever."""
