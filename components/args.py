"""What the arguments of many components have in common."""

from collections.abc import Mapping
from typing import TypedDict


class StackArgs(TypedDict):
    """Inputs of whatever is a part of a stack."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
