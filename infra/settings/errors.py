"""The one error that wrong settings raise, and how a Pydantic error becomes one sentence."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, get_args, get_origin

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
    given = problem.get("input")
    if kind == "model_type":
        return f"{key}: it has keys of its own, but it is {_shown(given)}; {_keys_instead(location, model)}."
    return f"{key}: {_lower_first(problem['msg'])}, but it is {_shown(given)}; {_shape_instead(kind, given)}."


_RENAMED = {
    "live_path": "liveness_path",
    "start_seconds": "startup_timeout_seconds",
    "stop_seconds": "termination_grace_period_seconds",
}
"""Keys of earlier versions, whose new names do not look like them."""


_OF_COMPOSE = {
    "depends_on": "remove it, as the database and accessories are there before a service starts",
    "entrypoint": "write it as command",
    "env_file": "give its secrets by `gostack secrets import`, and the rest as environment",
    "links": "remove it, as services call each other by their names",
    "mem_limit": "write it as memory_mib",
    "networks": "remove it, as services call each other by their names",
    "restart": "remove it, as what ends is started again",
}
"""Keys that services have in a compose file, and what says the same here."""


_USUAL = ("path", "directory")
"""Keys that say most of a section that needs none."""


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
    section = _section_of(location, model)
    known = sorted(section.model_fields) if section is not None else []
    renamed = _RENAMED.get(location[-1])
    if renamed in known:
        return f"{key} is called {renamed} now: rename it."
    if location[0] in ("services", "accessories") and (elsewhere := _OF_COMPOSE.get(location[-1])):
        return f"{key} is not a known key: {elsewhere}."
    otherwise = f"remove it or use one of {', '.join(known)}."
    if len(otherwise) > LONGEST_VALUE:
        otherwise = f"remove it; docs/configuration.md lists those of {key.rpartition('.')[0] or 'gostack'}."
    return f"{key} is not a known key: {meant(location[-1], known, otherwise)}"


def _keys_instead(location: Sequence[str], model: type[BaseModel]) -> str:
    """What to write where a section has to be: what it needs, else what says most of it, else any of its keys."""
    section = _section_of([*location, ""], model)
    fields = section.model_fields if section is not None else {}
    needed = [key for key, field in fields.items() if field.is_required()] or [key for key in _USUAL if key in fields]
    return f"write {{{needed[0]}: …}}" if needed else f"write some of {', '.join(fields)}, or {{}}"


def _shape_instead(kind: str, given: Any) -> str:
    """What to write for a value of another shape."""
    if kind == "list_type" and isinstance(given, str):
        # A quote that does not end leaves open where words do.
        with suppress(ValueError):
            return f"write {json.dumps(shlex.split(given), ensure_ascii=False)}"
    if kind == "dict_type" and isinstance(given, list):
        return "write it without the hyphens, as a name and a colon before each value"
    return "correct it in the stack file"


def _section_of(location: Sequence[str], model: type[BaseModel]) -> type[BaseModel] | None:
    """The section in which a key stands; None where there is none."""
    current: type[BaseModel] | None = model
    position = 0
    while current is not None and position < len(location) - 1:
        field = current.model_fields.get(location[position])
        if field is None:
            return None
        # A mapping or a list of models has one more step (its key or index) in the location.
        position += 2 if _many(field.annotation) else 1
        current = model_inside(field.annotation)
    return current


def _many(annotation: Any) -> bool:
    """Whether a type is a mapping or a list, perhaps with None beside it."""
    return get_origin(annotation) in (dict, list) or any(_many(argument) for argument in get_args(annotation))


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
