"""What an update would change of an AWS resource: new inputs against old ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tools.offline.providers.aws.immutable import immutable_paths, is_tabled, mutable_names
from tools.offline.providers.aws.sdk import ResourceType
from tools.offline.providers.plugin.provider import Change
from tools.offline.providers.plugin.values import UNKNOWN, Properties

_MISSING = object()


def differences(kind: ResourceType, old: Properties, new: Properties) -> dict[str, Change]:
    """By path; a change of what cannot be changed in place replaces the resource."""
    immutable = replacing_paths(kind)
    found: dict[str, Change] = {}
    for path, change in _walk("", _visible(old), _visible(new)):
        replaces = any(_is_within(path, pattern) for pattern in immutable)
        found[path] = change.replacing() if replaces else change
    return found


def replacing_paths(kind: ResourceType) -> tuple[str, ...]:
    """The paths of a type that cannot be changed in place."""
    tabled = immutable_paths(kind.token)
    if is_tabled(kind.token):
        return tabled
    mutable = mutable_names(kind.token)
    by_words = [name for name, found in kind.inputs.items() if found.immutable_by_its_words and name not in mutable]
    return (*tabled, *by_words)


def _visible(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def _walk(path: str, old: Any, new: Any) -> Iterator[tuple[str, Change]]:
    if new is UNKNOWN:
        yield path, Change.ADD if old is _MISSING else Change.UPDATE
    elif old is _MISSING and isinstance(new, dict) and new:
        yield from _walk(path, {}, new)
    elif new is _MISSING and isinstance(old, dict) and old:
        yield from _walk(path, old, {})
    elif old is _MISSING:
        yield path, Change.ADD
    elif new is _MISSING:
        yield path, Change.DELETE
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            where = f'{path}["{key}"]' if any(mark in key for mark in '."[]') else f"{path}.{key}" if path else key
            yield from _walk(where, old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        if not _same_set(old, new):
            for index in range(max(len(old), len(new))):
                pair = [values[index] if index < len(values) else _MISSING for values in (old, new)]
                yield from _walk(f"{path}[{index}]", *pair)
    elif old != new and not _same_document(old, new):
        yield path, Change.UPDATE


def _same_set(old: list[Any], new: list[Any]) -> bool:
    # Nearly all lists of plain values are sets to AWS: subnets, groups, names.
    if not all(isinstance(item, str | int | float) for item in (*old, *new)):
        return False
    return sorted(map(str, old)) == sorted(map(str, new))


def _same_document(old: Any, new: Any) -> bool:
    if not (isinstance(old, str) and isinstance(new, str) and old[:1] in "{[" and new[:1] in "{["):
        return False
    try:
        return json.loads(old) == json.loads(new)
    except ValueError:
        return False


def _is_within(path: str, pattern: str) -> bool:
    return path == pattern or path.startswith((f"{pattern}.", f"{pattern}["))
