"""Comments of a stack file: why an environment says what it says."""

from __future__ import annotations

import re
from typing import cast

import yaml

NAMESPACE = "gostack:"


def introduction(text: str) -> str:
    """Return the comment that a stack file begins with, as one paragraph; empty without one."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        # What is said to an editor is not said to people.
        if not line.startswith("# yaml-language-server:"):
            lines.append(line.lstrip("# ").rstrip())
    return " ".join(lines).strip()


def reasons(text: str) -> dict[str, str]:
    """Return settings key (without namespace) to the comment above it, or behind it, in a stack file."""
    lines = text.splitlines()
    found: dict[str, str] = {}
    root: object = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, line in _keys(root):
        path = key.removeprefix("config.")
        if path.startswith(NAMESPACE):
            reason = " ".join([*_above(lines, line), *_behind(lines[line])])
            if reason:
                found[path.removeprefix(NAMESPACE)] = reason
    return found


def _keys(node: object, prefix: str = "") -> list[tuple[str, int]]:
    """Every dotted key with the number of its line."""
    found: list[tuple[str, int]] = []
    if isinstance(node, yaml.MappingNode):
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        for key, value in pairs:
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            found.append((path, key.start_mark.line))
            found += _keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(cast("list[yaml.Node]", node.value)):
            found += _keys(item, f"{prefix}.{index}")
    return found


def _above(lines: list[str], line: int) -> list[str]:
    block: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        block.insert(0, lines[line].lstrip().lstrip("# ").rstrip())
    # What the file begins with is about all of it.
    return block if line > 0 else []


def _behind(line: str) -> list[str]:
    match = re.search(r"""^[^"'#]*\s#\s*(?P<comment>.+)$""", line)
    return [match["comment"].rstrip()] if match else []
