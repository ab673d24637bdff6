"""The text of a stack file that is like another one: other values, nothing that belongs to the other stack alone."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.settings.stack_file import SALT, encrypted, written
from tools.gostack.documents import is_mapping, mapping
from tools.gostack.stacks.text import is_document, with_entry, with_values, without

Path = tuple[str, ...]
"""Keys from the top of the document to a value."""

ENCRYPTION = (SALT, "secretsprovider", "encryptedkey")
"""Keys of how a stack's secrets are encrypted: those of another one would open what is the other's."""

_NETWORK = re.compile(r"[0-9.]+/[0-9]+")


def setting(key: str) -> Path:
    """Return the path of a setting, for example of `regions.east.cidr`."""
    first, *others = key.split(".")
    return ("config", f"gostack:{first}", *others)


def encrypted_paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every encrypted value of a document."""
    if encrypted(value) is not None:
        yield path
    elif is_mapping(value):
        for key, item in value.items():
            yield from encrypted_paths(item, (*path, key))


def like(
    text: str,
    document: Mapping[str, Any],
    *,
    values: Mapping[Path, Any],
    removed: Sequence[Path],
    adapt: Callable[[dict[str, Any]], None] = lambda _: None,
) -> str:
    """Return a stack file's text with other values and without what is removed; comments and order stay.

    Of `removed`, what is not there is passed over. `adapt` changes what neither says: then, and where braces or anchors
    leave no line of its own to change, the comments go.
    """
    wanted = copy.deepcopy(dict(document))
    # A list or a mapping is written anew, at the end of what it is in.
    collections = [path for path in values if isinstance(_at(wanted, path), dict | list)]
    listed = [*removed, *collections, *((key,) for key in ENCRYPTION)]
    gone = _whole(wanted, [path for path in listed if _at(wanted, path) is not None])
    for path in gone:
        _remove(wanted, path)
    single = {path: _text(value) for path, value in values.items() if _at(wanted, path) is not None}
    changed = with_values(without(text, gone), single)
    for path, value in values.items():
        if path not in single:
            changed = _with_new(changed, wanted, path, _text(value))
        _put(wanted, path, value)
    adapt(wanted)
    return changed if is_document(changed, wanted) else written(wanted)


def _with_new(text: str, document: Mapping[str, Any], path: Path, value: str) -> str:
    *holder, key = path
    if _at(document, holder) is not None:
        return with_entry(text, holder, [f"{key}: {value}"])
    return with_entry(text, holder[:-1], [f"{holder[-1]}:", f"  {key}: {value}"])


def _text(value: Any) -> str:
    """A value as a person writes it: texts in quotes, but for networks."""
    return value if isinstance(value, str) and _NETWORK.fullmatch(value) else json.dumps(value)


def _whole(document: Mapping[str, Any], paths: Sequence[Path]) -> list[Path]:
    """The paths to remove: a mapping of which nothing is left goes with its last key."""
    found: list[Path] = []
    for path in paths:
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        alone = len(path) > 1 and all((*path[:-1], key) in paths for key in holder)
        found.append(path[:-1] if alone else path)
    return list(dict.fromkeys(found))


def _at(document: Any, path: Sequence[str]) -> Any:
    """What is at a path; None for nothing, which no stack file has."""
    for key in path:
        document = mapping(document).get(key)
    return document


def _remove(document: Any, path: Path) -> None:
    for key in path[:-1]:
        document = document[key]
    del document[path[-1]]


def _put(document: Any, path: Path, value: Any) -> None:
    for key in path[:-1]:
        document = document.setdefault(key, {})
    document[path[-1]] = value
