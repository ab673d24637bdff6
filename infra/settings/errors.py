"""The one error that wrong settings raise, and how a Pydantic error becomes one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

LONGEST_VALUE = 80
"""Characters of a value that an error shows."""


class SettingsError(ValueError):
    """A setting is wrong: the text is one sentence that names the key and the fix."""


def sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first problem of `error` as one sentence.

    Keys are written as they stand in the stack file, for example `gostack:services.users.replicas`.
    Only the first problem is told: a wrong key often causes the others.
    """
    problem = _most_telling(error)
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    key = "gostack:" + ".".join(location) if location else "gostack"
    kind = problem["type"]
    if kind == "extra_forbidden":
        return _unknown_key(key, location, model)
    if kind == "missing":
        return f"{key} is missing: add it to the stack file."
    if kind == "value_error":
        return f"{key}: {problem['ctx']['error']}" if location else str(problem["ctx"]["error"])
    if kind == "too_long":
        return f"{key} has {len(problem['input'])} entries: use at most {problem['ctx']['max_length']}."
    given = _shown(problem.get("input"))
    return f"{key}: {_lower_first(problem['msg'])}, but it is {given}; correct it in the stack file."


_RENAMED = {
    "live_path": "liveness_path",
    "start_seconds": "startup_timeout_seconds",
    "stop_seconds": "termination_grace_period_seconds",
}
"""Keys of earlier versions, whose new names do not look like them."""


def meant(name: str, known: Iterable[str], otherwise: str = "", cutoff: float = 0.5) -> str:
    """Return the end of a sentence about a name that there is not: which of the known ones was meant where one is near,
    else `otherwise` (default: all that are known)."""
    there = sorted(known)
    near = difflib.get_close_matches(name, there, n=1, cutoff=cutoff)
    if near:
        return f'did you mean "{near[0]}"?'
    return otherwise or f"use one of {', '.join(there) or 'none'}."


def _shown(given: Any) -> str:
    """The value that is wrong, on one line that can be read."""
    text = repr(given)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _most_telling(error: ValidationError) -> Any:
    """An unknown key is told before anything else: it is usually the cause of a missing one."""
    problems = error.errors()
    for problem in problems:
        if problem["type"] == "extra_forbidden":
            return problem
    return problems[0]


def _unknown_key(key: str, location: Sequence[str], model: type[BaseModel]) -> str:
    known = sorted(_keys_beside(location, model))
    renamed = _RENAMED.get(location[-1])
    if renamed in known:
        return f"{key} is called {renamed} now: rename it."
    otherwise = f"remove it or use one of {', '.join(known)}."
    if len(otherwise) > LONGEST_VALUE:
        otherwise = f"remove it; docs/configuration.md lists those of {key.rpartition('.')[0] or 'gostack'}."
    return f"{key} is not a known key: {meant(location[-1], known, otherwise)}"


def _keys_beside(location: Sequence[str], model: type[BaseModel]) -> list[str]:
    """The keys that are allowed where the unknown key stands."""
    current: type[BaseModel] | None = model
    position = 0
    while current is not None and position < len(location) - 1:
        field = current.model_fields.get(location[position])
        if field is None:
            return []
        nested = model_inside(field.annotation)
        # A mapping or a list of models has one more step (its key or index) in the location.
        position += 1 if nested is field.annotation else 2
        current = nested
    return list(current.model_fields) if current is not None else []


def model_inside(annotation: Any) -> type[BaseModel] | None:
    """Return the settings model that a type is, or that its values are; None when there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = model_inside(argument)
        if found is not None:
            return found
    return None


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
