"""Plain data, such as a stack file or a resource's inputs, changed in one place by its dotted path.

It proves nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REMOVED = object()
"""The value of what is taken away."""


def set_at(container: Any, path: str, value: Any) -> None:
    """Change what is at a path; mappings on the way are made, and one past a list's end is added to it.

    Raises KeyError when there is nothing to take away.
    """
    _set(container, path.split("."), value)


def _set(container: Any, segments: list[str], value: Any) -> None:
    key: Any = int(segments[0]) if isinstance(container, list) else _key(container, segments)
    if not isinstance(container, list) and "." in key:
        segments = [key, *segments[1 + key.count(".") :]]
    if len(segments) > 1:
        if not isinstance(container, list) and key not in container:
            if value is REMOVED:
                raise KeyError(key)
            container[key] = {}
        _set(container[key], segments[1:], value)
    elif value is REMOVED:
        del container[key]
    elif isinstance(container, list) and key == len(container):
        container.append(value)
    else:
        container[key] = value


def _key(container: Mapping[str, Any], segments: list[str]) -> str:
    """The longest key that a path begins with: labels have dots in their names."""
    for length in range(len(segments), 0, -1):
        joined = ".".join(segments[:length])
        if joined in container:
            return joined
    return segments[0]
