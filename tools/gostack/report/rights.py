"""Whether one policy document of AWS gives more than another."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from tools.gostack.documents import is_list, is_mapping, mappings

Right = tuple[str, str, str, str]
"""Who may do what, where, and under which condition."""


def widened(old: Any, new: Any) -> str:
    """Return what `new` allows and `old` does not, in words; empty when that is nothing."""
    before, after = _rights(old), _rights(new)
    added = sorted(right for right in after if not any(_covers(known, right) for known in before))
    if not added:
        return ""
    if any(right[0] == "*" for right in added):
        return "everybody is allowed more"
    return "every action is allowed" if any(right[1].endswith("*") for right in added) else "more is allowed"


def _covers(known: Right, right: Right) -> bool:
    if known[3] not in ("", right[3]):
        return False
    return all(
        fnmatchcase(part, pattern) or pattern == part for part, pattern in zip(right[:3], known[:3], strict=True)
    )


def _rights(document: Any) -> set[Right]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return set()
    found: set[Right] = set()
    if is_list(document):
        return found.union(*(_rights(item.get("policy") if is_mapping(item) else item) for item in document))
    if not is_mapping(document):
        return found
    for statement in mappings(_listed(document.get("Statement"))):
        if statement.get("Effect") != "Allow":
            continue
        condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
        for who in _texts(statement.get("Principal")) or [""]:
            for action in _texts(statement.get("Action")) or ["everything but " + str(statement.get("NotAction"))]:
                for resource in _texts(statement.get("Resource")) or ["itself"]:
                    found.add((who, action, resource, condition))
    return found


def _texts(value: Any) -> list[str]:
    if is_mapping(value):
        return [text for item in value.values() for text in _texts(item)]
    return [str(item) for item in _listed(value)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if is_list(value) else [value]
