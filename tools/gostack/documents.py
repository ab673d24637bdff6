"""What other programs write as JSON or YAML, told apart by its shape before anything is read from it; and what is
written for them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is an object: keys and what stands below them."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a list."""
    return isinstance(value, list)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a value that is an object, and an empty one for anything else."""
    return value if is_mapping(value) else {}


def listing(value: object) -> list[Any]:
    """Return a value that is a list, and an empty one for anything else."""
    return value if is_list(value) else []


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects in a list, and nothing for anything else."""
    return [item for item in listing(value) if is_mapping(item)]


def write_or_print(text: str, output: Path | None) -> None:
    """Write a text, which ends with a line break, into a file, whose folder need not be there; None prints it."""
    if output is None:
        sys.stdout.write(text)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
