"""Judges inputs by the types of the SDK, in the words of Pulumi's bridge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.offline.providers.aws.sdk import Kind, Property, properties_of
from tools.offline.providers.plugin.provider import Failure
from tools.offline.providers.plugin.values import UNKNOWN, Opaque, Properties


def failures(resource: str, properties: dict[str, Property], given: Properties) -> list[Failure]:
    """What is missing, unknown or of a wrong type; `resource` is the name that messages point at."""
    return list(_object(resource, "", properties, given))


def _object(resource: str, path: str, properties: dict[str, Property], given: Properties) -> Iterator[Failure]:
    for name, value in given.items():
        if name.startswith("__"):
            continue
        where = f"{path}.{name}" if path else name
        if name not in properties:
            known = ", ".join(sorted(properties))
            reason = f"Invalid or unknown key. Examine values at '{resource}.{where}'. Known are: {known}"
            yield Failure(where, reason)
        else:
            yield from _value(resource, where, properties[name].kind, value)
    for name, found in properties.items():
        if found.required and given.get(name) is None:
            where = f"{path}.{name}" if path else name
            reason = (
                f'Missing required argument. The argument "{name}" is required, but no definition was found. '
                f"Examine values at '{resource}.{where}'"
            )
            yield Failure(where, reason)


def _value(resource: str, path: str, kind: Kind, value: Any) -> Iterator[Failure]:
    if value is None or value is UNKNOWN or kind.name == "any":
        return
    match kind.name, value:
        case ("string", str()) | ("boolean", bool()) | ("asset", Opaque()):
            return
        case ("list", list()):
            for index, item in enumerate(value):
                yield from _value(resource, f"{path}[{index}]", kind.element or Kind("any"), item)
        case ("map", dict()):
            for key, item in value.items():
                yield from _value(resource, f"{path}.{key}", kind.element or Kind("any"), item)
        case ("object", dict()) if kind.arguments is not None:
            yield from _object(resource, path, properties_of(kind.arguments), value)
        case ("integer", int()) | ("number", int() | float()) if not isinstance(value, bool):
            return
        case _:
            reason = f"expected {kind.name} type, got {_type_of(value)}. Examine values at '{resource}.{path}'"
            yield Failure(path, reason)


def _type_of(value: Any) -> str:
    names = {bool: "boolean", str: "string", int: "number", float: "number", list: "list", dict: "object"}
    return f"{names.get(type(value), type(value).__name__)} type"
