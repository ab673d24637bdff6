"""Changes of a stack file's text that leave its comments and its order alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from infra.settings import SettingsError
from infra.settings.stack_file import read_text

Path = Sequence[str]
"""Keys from the top of the document to a value."""


def with_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """Return a text in which the single values at these paths are others; a path that is not there is left out."""
    places = [(node, value) for path, value in values.items() if (node := _at(_root(text), path)) is not None]
    for node, value in sorted(places, key=lambda place: place[0].start_mark.index, reverse=True):
        text = text[: node.start_mark.index] + value + text[node.end_mark.index :]
    return text


def without(text: str, paths: Sequence[tuple[str, ...]]) -> str:
    """Return a text without the lines of these keys and of what stands below them."""
    removed: set[int] = set()
    for path in paths:
        entry = _entry(_root(text), path)
        if entry is not None:
            key, value = entry
            removed |= set(range(key.start_mark.line, last_line(text, value) + 1))
    lines = text.splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines) if number not in removed)


def with_entry(text: str, path: Path, lines: Sequence[str]) -> str:
    """Return a text in which these lines end the mapping at a path, indented like its other keys."""
    node = _at(_root(text), path)
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
        return text
    column = node.value[0][0].start_mark.column
    existing = text.splitlines(keepends=True)
    number = last_line(text, node) + 1
    # A comment that is indented like what is in the last entry belongs to it.
    while number < len(existing) and _is_comment(existing[number], column):
        number += 1
    if number and not existing[number - 1].endswith("\n"):
        existing[number - 1] += "\n"
    added = [f"{' ' * column}{line}\n" if line else "\n" for line in lines]
    return "".join([*existing[:number], *added, *existing[number:]])


def is_document(text: str, wanted: Mapping[str, Any]) -> bool:
    """Return whether a text says this, and nothing else."""
    try:
        return read_text(text, "") == wanted
    except SettingsError:
        return False


def last_line(text: str, node: yaml.Node) -> int:
    """Return the number of the last line of a value, from 0."""
    if isinstance(node, yaml.ScalarNode):
        if node.style in ("|", ">"):
            # It ends where the next token begins.
            before = text[: node.end_mark.index].rstrip()
            return before.count("\n")
        return node.end_mark.line
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return node.end_mark.line
    return last_line(text, node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1])


def _is_comment(line: str, column: int) -> bool:
    return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > column


def _root(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.BaseLoader)


def _at(root: yaml.Node | None, path: Path) -> yaml.Node | None:
    if not path:
        return root
    entry = _entry(root, path)
    return entry[1] if entry is not None else None


def _entry(root: yaml.Node | None, path: Path) -> tuple[yaml.Node, yaml.Node] | None:
    holder = _at(root, path[:-1])
    if not isinstance(holder, yaml.MappingNode):
        return None
    return next((pair for pair in holder.value if pair[0].value == path[-1]), None)
