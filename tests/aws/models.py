"""Judges a call by its model: types, what is required, lengths, ranges, words and patterns.

botocore itself checks types, what is required and the lower ends; the rest of what its models say is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import regex

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def violations(shape: Any, value: Any, where: str = "") -> Iterator[str]:
    """Each thing that a `botocore.model.Shape`, whose attributes have no types, does not allow, in a sentence."""
    allowed = _TYPES.get(shape.type_name, (object,))
    if not isinstance(value, allowed) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{where}: {type(value).__name__} is no {shape.type_name}"
        return
    said: dict[str, Any] = shape.metadata
    size = value if isinstance(value, int | float) else len(value) if isinstance(value, str | list | dict) else None
    if size is not None and not said.get("min", size) <= size <= said.get("max", size):
        yield f"{where}: {value!r} is not in the range {said.get('min')} to {said.get('max')}"
    given: Any = value
    if isinstance(value, str):
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{where}: {value!r} is none of {', '.join(shape.enum)}"
        if "pattern" in said and not _pattern(said["pattern"]).fullmatch(value):
            yield f"{where}: {value!r} does not match {said['pattern']}"
    if shape.type_name == "structure":
        yield from (f"{where}.{name}: is required" for name in shape.required_members if name not in given)
        for name, item in given.items():
            yield from violations(shape.members[name], item, f"{where}.{name}")
    elif shape.type_name == "list":
        for item in given:
            yield from violations(shape.member, item, f"{where}[]")
    elif shape.type_name == "map":
        for key, item in given.items():
            yield from violations(shape.key, key, f"{where} (key)")
            yield from violations(shape.value, item, f"{where}.{key}")


@cache
def _pattern(text: str) -> regex.Pattern[str]:
    return regex.compile(text)
