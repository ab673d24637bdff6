"""Names of environment variables whose values are secret: a reviewer may know which one changes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from tools.gostack.documents import is_list, is_mapping, mapping
from tools.gostack.exported_state import resources_of
from tools.gostack.report.changes import Change, StackChanges

_ELEMENT = re.compile(r"^envs\[(\d+)\]$")


def variable_names(state: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return URN to the names of its variables, in order, from an exported state with secrets shown."""
    found: dict[str, list[str]] = {}
    for resource in resources_of(mapping(state.get("deployment"))):
        variables: Any = mapping(resource.get("inputs")).get("envs")
        if is_mapping(variables):
            try:
                variables = json.loads(variables.get("plaintext", ""))
            except ValueError:
                continue
        if is_list(variables):
            found[resource["urn"]] = [_name(item) for item in variables]
    return found


def with_names(stack: StackChanges, names: Mapping[str, list[str]]) -> StackChanges:
    """Return the changes with `envs.NAME` in the place of `envs[3]`, where it is sure that it is that one."""
    return dataclasses.replace(
        stack, changes=tuple(_with_names(change, names.get(change.urn, [])) for change in stack.changes)
    )


def _with_names(change: Change, names: list[str]) -> Change:
    positions = [item for item in change.differences if _ELEMENT.match(item.path)]
    # After one that is added or removed, the others stand in other places.
    if not positions or any(item.kind != "update" for item in positions):
        return change
    return dataclasses.replace(
        change,
        differences=tuple(dataclasses.replace(item, path=_named(item.path, names)) for item in change.differences),
    )


def _named(path: str, names: list[str]) -> str:
    match = _ELEMENT.match(path)
    if match is None or int(match[1]) >= len(names) or not names[int(match[1])]:
        return path
    return f"envs.{names[int(match[1])]}"


def _name(item: Any) -> str:
    if is_mapping(item):
        # One that is secret by itself, beside others that are not.
        try:
            item = json.loads(item.get("plaintext", '""'))
        except ValueError:
            return ""
    return str(item).split("=", 1)[0] if isinstance(item, str) else ""
