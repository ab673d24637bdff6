"""What an update would change of an object: its new inputs against the object as it was last seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.offline.providers.kubernetes.quantities import is_quantity, same_amount
from tools.offline.providers.kubernetes.replacement import steps
from tools.offline.providers.plugin.provider import Change
from tools.offline.providers.plugin.values import UNKNOWN

Path = tuple[str | int, ...]
_MISSING = object()


def differences(old: Any, new: Any, replacing: tuple[str, ...]) -> dict[Path, Change]:
    """Every property that differs; those that `replacing` names, or that hold one of them, replace the object."""
    patterns = [steps(pattern) for pattern in replacing]
    found: dict[Path, Change] = {}
    for path, change, value in _walk((), old, new):
        replaces = any(_concerns(pattern, path, value) for pattern in patterns)
        found[path] = change.replacing() if replaces else change
    return found


def render(path: Path) -> str:
    """A path as Pulumi writes it: `spec.ports[0].name`, `metadata.labels["app.kubernetes.io/name"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(character in step for character in '."[]'):
            text += '["{}"]'.format(step.replace('"', '\\"'))
        else:
            text += f".{step}" if text else step
    return text


def is_below(path: Path, pattern: Path) -> bool:
    """Whether the path is that of the pattern or within it; `*` stands for any step."""
    return len(path) >= len(pattern) and all(
        expected in ("*", step) for step, expected in zip(path, pattern, strict=False)
    )


def parse(text: str) -> Path:
    """The path that a program wrote in `ignoreChanges`, such as `spec.template.spec.containers[0].image`."""
    path: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith('["'):
            end = rest.index('"]', 2)
            path.append(rest[2:end].replace('\\"', '"'))
            rest = rest[end + 2 :]
        elif rest.startswith("["):
            inner, _, rest = rest[1:].partition("]")
            path.append(int(inner) if inner.isdigit() else inner)
        else:
            rest = rest.removeprefix(".")
            end = min((rest.find(mark) for mark in ".[" if mark in rest), default=len(rest))
            path.append(rest[:end])
            rest = rest[end:]
    return tuple(path)


def _walk(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Change, Any]]:
    if new is UNKNOWN:
        yield path, Change.ADD if old is _MISSING else Change.UPDATE, new
    elif old is _MISSING:
        yield path, Change.ADD, new
    elif new is _MISSING:
        yield path, Change.DELETE, old
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _walk((*path, key), old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            pair = [values[index] if index < len(values) else _MISSING for values in (old, new)]
            yield from _walk((*path, index), *pair)
    elif old != new and not (is_quantity(path) and same_amount(old, new)):
        yield path, Change.UPDATE, new


def _concerns(pattern: tuple[str, ...], path: Path, value: Any) -> bool:
    common = min(len(pattern), len(path))
    if not all(_matches(step, expected) for step, expected in zip(path[:common], pattern[:common], strict=True)):
        return False
    return len(path) >= len(pattern) or _has(value, pattern[len(path) :])


def _matches(step: str | int, expected: str) -> bool:
    return isinstance(step, int) if expected == "[*]" else step == expected


def _has(value: Any, pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return True
    if pattern[0] == "[*]":
        return isinstance(value, list) and any(_has(item, pattern[1:]) for item in value)
    return isinstance(value, dict) and pattern[0] in value and _has(value[pattern[0]], pattern[1:])
