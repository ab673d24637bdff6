"""Says Pulumi's inputs in AWS's words: by rules that know no resource, and the names that follow none of them.

`loadBalancerArn` is `LoadBalancerArn`; a map of tags is a list of `Key` and `Value`; `clusterIdentifier` is
`DBClusterIdentifier`; what an API puts one structure deeper is found there. A wrong guess does no harm but a finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.aws.shapes import Shape, places, plain

Names = Mapping[str, str | None]
"""Property to its path in AWS's words (`Budget.BudgetLimit.Amount`), None where it has no place; a nested one as
`healthCheck.path`."""


class Translation:
    """One resource in the words of one shape."""

    def __init__(self, shape: Shape, title: str, inputs: Mapping[str, Any], names: Names) -> None:
        self.said: dict[str, Any] = {}
        self.covered: set[str] = set()
        """Paths of the properties that the shape has a place for."""
        self._title, self._names = title, names
        for name, value in inputs.items():
            self._say(self.said, shape, "", name, value)

    def _say(self, said: dict[str, Any], shape: Shape, parent: str, name: str, value: Any) -> None:
        where = f"{parent}.{name}" if parent else name
        named = self._names.get(where, "")
        if named is None:
            return
        path = named.split(".") if named else self._find(shape, parent, name)
        if path:
            target = shape
            for step in path:
                target = _member(target, step)
            put(said, shape, path, self._converted(target, where, value))
            return
        # `healthCheck: {path: …}` is `HealthCheckPath`.
        for inner, item in _only(value).items() if isinstance(_only(value), dict) else ():
            self._say(said, shape, where, inner, item)

    def _converted(self, shape: Shape, where: str, value: Any) -> Any:
        if shape.kind == "structure":
            return self._structure(shape, where, _only(value))
        if shape.kind == "list":
            pair = _pair(shape.element)
            if isinstance(value, dict) and pair:
                self.covered.add(where)
                inner = shape.element.members[pair[1]]
                return [{pair[0]: key, pair[1]: self._converted(inner, where, item)} for key, item in value.items()]
            items = value if isinstance(value, list) else [value]
            return [self._converted(shape.element, where, item) for item in items]
        if shape.kind in ("map", "document") and isinstance(value, list):
            # `[{name: …, values: …}]` is a map for an API.
            content = "values" if "values" in value[0] else "value"
            self.covered |= {f"{where}.name", f"{where}.{content}"}
            return {item["name"]: item[content] for item in value}
        self.covered.add(where)
        if shape.kind == "map" and isinstance(value, dict):
            return {key: self._converted(shape.element, where, item) for key, item in value.items()}
        return _scalar(shape.kind, _only(value))

    def _structure(self, shape: Shape, where: str, value: Any) -> Any:
        if isinstance(value, dict):
            said: dict[str, Any] = {}
            for name, item in value.items():
                self._say(said, shape, where, name, item)
            return said
        if len(shape.members) == 1:
            name, member = next(iter(shape.members.items()))
            return {name: self._converted(member, where, value)}
        return value

    def _find(self, shape: Shape, parent: str, name: str) -> list[str]:
        """The path to the member that the name means; nothing when there is none."""
        words: Iterable[str] = _words(self._title, parent, name)
        for names in places(shape):
            for word in words:
                if word in names:
                    return names[word]
            # Deeper, a name has to be the same.
            words = (plain(name), plain(_last(parent)) + plain(name))
        return []


def put(said: dict[str, Any], shape: Shape, path: list[str], value: Any) -> None:
    """Put a value at a path; in a list on the way, into each of its elements, of which there is one at least."""
    name, *rest = path
    if not rest:
        said[name] = value
        return
    member = shape.members[name]
    if member.kind == "list":
        for item in said.setdefault(name, [{}]):
            put(item, member.element, rest, value)
    else:
        put(said.setdefault(name, {}), member, rest, value)


def leaves(value: Any, where: str = "") -> Iterator[str]:
    """The path of every property that holds a value and not others; those of a list count once."""
    if isinstance(value, dict) and where not in ("tags", "dimensions"):
        for name, item in value.items():
            yield from leaves(item, f"{where}.{name}" if where else name)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield from {path for item in value for path in leaves(item, where)}
    else:
        yield where


def _words(title: str, parent: str, name: str) -> Iterator[str]:
    """What AWS may call a property, the likeliest first."""
    word, kind, outer = plain(name), plain(title), plain(_last(parent))
    for start in (
        *([outer, outer.removesuffix("s")] if outer else []),
        "",
        kind,
        "db",
        f"db{kind}",
        kind.removeprefix("cluster"),
    ):
        for end in ("", "s", "id", "ids", "document", "name", "arn"):
            yield f"{start}{word}{end}"
        yield f"{start}{word.removesuffix('s')}"


def _only(value: Any) -> Any:
    """The one element of a list that has one: where Pulumi has a list, AWS may have none."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _last(path: str) -> str:
    return path.rsplit(".", 1)[-1]


def _member(shape: Shape, name: str) -> Shape:
    return (shape.element if shape.kind == "list" else shape).members[name]


def _pair(shape: Shape) -> tuple[str, str] | None:
    """The members of a structure that stands for one entry of a map."""
    keys = [name for name in shape.members if name in ("Key", "Name", "TagKey")] if shape.kind == "structure" else []
    values = [name for name in shape.members if name in ("Value", "TagValue")] if shape.kind == "structure" else []
    return (keys[0], values[0]) if len(keys) == len(values) == 1 else None


def _scalar(kind: str, value: Any) -> Any:
    """Pulumi sends every number as a float, and some numbers as texts; what does not fit stays, to be refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int):
        return str(value)
    if kind == "string" and isinstance(value, dict | list):
        return json.dumps(value)
    if kind in ("integer", "number") and isinstance(value, str) and re.fullmatch(r"\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "document" and isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value
