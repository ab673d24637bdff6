"""Settings that a change gives another value: what its author did, before all that follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.gostack.documents import is_list, is_mapping
from tools.gostack.environment.processes import capture
from tools.gostack.report.changes import SECRET
from tools.gostack.report.findings import shown


def setting_changes(project: Path, stack_file: Path, base: str) -> tuple[str, ...]:
    """Return a sentence for each setting of a stack that differs from the version `base` of the repository."""
    try:
        name = stack_file.relative_to(project)
    except ValueError:
        return ()
    earlier = capture(["git", "-C", str(project), "show", f"{base}:{name}"]) or ""
    return compared(earlier, stack_file.read_text(encoding="utf-8"))


def compared(earlier: str, now: str) -> tuple[str, ...]:
    """Return a sentence for each setting that two stack files give different values."""
    before, after = dict(_settings(earlier)), dict(_settings(now))
    if not before:
        return ()
    sentences: list[str] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        verb = "is added" if key not in before else "is removed" if key not in after else "changes"
        sentences.append(f"`{key}` {verb}{_numbers(old, new)}")
    return tuple(sentences)


def _numbers(old: Any, new: Any) -> str:
    """Numbers and switches, which tell the size of a change; a text may be a secret that nobody has encrypted."""
    if _secret(old) or _secret(new):
        return " (secret)"
    values = [value for value in (old, new) if value is not None]
    if not all(isinstance(value, (bool, int, float)) for value in values):
        return ""
    return f" from {shown(old)} to {shown(new)}" if len(values) == 2 else f" ({shown(values[0])})"


def _settings(text: str) -> Iterator[tuple[str, Any]]:
    try:
        document: object = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        return
    if is_mapping(document):
        yield from _leaves(document.get("config") or {}, "")


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if _secret(value):
        yield path, value
    elif is_mapping(value) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif is_list(value) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _secret(value: Any) -> bool:
    return value == SECRET or (is_mapping(value) and set(value) == {"secure"})
