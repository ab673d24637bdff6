"""What AWS publishes of itself, in one form: inputs of an API's operations, properties of CloudFormation's types.

Both come with packages (botocore, cfn-lint); nothing of them is written down here.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import botocore.model
import botocore.session

_SESSION = botocore.session.Session()
_DEEPEST = 3


class Shape(ABC):
    """A value that AWS describes."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """`structure`, `list`, `map`, `document` (any JSON), `string`, `integer`, `number` or `boolean`."""

    @property
    @abstractmethod
    def members(self) -> Mapping[str, Shape]:
        """Of a structure."""

    @property
    @abstractmethod
    def element(self) -> Shape:
        """Of a list or a map."""


@cache
def places(shape: Shape) -> list[dict[str, list[str]]]:
    """What is at the top, one structure deeper, and two: plain name of each member to its path."""
    found: list[dict[str, list[str]]] = []
    level: list[tuple[list[str], Shape]] = [([], shape)]
    for _ in range(_DEEPEST):
        names: dict[str, list[str]] = {}
        for path, target in level:
            for name in target.members:
                names.setdefault(plain(name), [*path, name])
        found.append(names)
        level = [
            ([*path, name], inner)
            for path, target in level
            for name, member in target.members.items()
            if (inner := member.element if member.kind == "list" else member).kind == "structure"
        ]
    return found


def plain(name: str) -> str:
    """A name without capitals and dividers: `CIDRBlock` and `cidr_block` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class ApiShape(Shape):
    """A shape of botocore's."""

    _KINDS: ClassVar = {
        "long": "integer",
        "float": "number",
        "double": "number",
        "timestamp": "string",
        "blob": "string",
    }

    def __init__(self, shape: Any) -> None:
        self.shape: Any = shape
        """A `botocore.model.Shape`, whose attributes have no types."""
        self._members: dict[str, Shape] | None = None

    @property
    def kind(self) -> str:
        return self._KINDS.get(self.shape.type_name, str(self.shape.type_name))

    @property
    def members(self) -> Mapping[str, Shape]:
        if self._members is None:
            self._members = {name: ApiShape(member) for name, member in getattr(self.shape, "members", {}).items()}
        return self._members

    @property
    def element(self) -> Shape:
        return ApiShape(self.shape.member if self.kind == "list" else self.shape.value)


class SchemaShape(Shape):
    """A part of a resource type's JSON schema."""

    def __init__(self, schema: dict[str, Any], part: dict[str, Any]) -> None:
        self._schema = schema
        while "$ref" in part:
            part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]]
        self._part = part
        self._members: dict[str, Shape] | None = None

    @property
    def kind(self) -> str:
        if "properties" in self._part:
            return "structure"
        types = self._part.get("type", "string")
        if "object" in types:
            return "map" if "patternProperties" in self._part and types == "object" else "document"
        return {"array": "list"}.get(types, types) if isinstance(types, str) else "string"

    @property
    def members(self) -> Mapping[str, Shape]:
        if self._members is None:
            given = self._part.get("properties", {})
            self._members = {name: SchemaShape(self._schema, part) for name, part in given.items()}
        return self._members

    @property
    def element(self) -> Shape:
        inner = self._part["items"] if self.kind == "list" else next(iter(self._part["patternProperties"].values()))
        return SchemaShape(self._schema, inner)


@cache
def operation(name: str) -> ApiShape:
    """The input of an operation, for example of `ec2.CreateVpc`."""
    service, _, title = name.partition(".")
    shape = _SESSION.get_service_model(service).operation_model(title).input_shape
    assert shape is not None, f"{name} takes nothing"
    return ApiShape(shape)


@cache
def resource_type(name: str, region: str) -> SchemaShape:
    """The properties of a type, for example of `AWS::EC2::VPC`, as they are in a region."""
    schema = _schemas().get_resource_schema(region, name).schema
    return SchemaShape(schema, {"properties": writable(schema)})


def writable(schema: dict[str, Any]) -> dict[str, Any]:
    """The properties that somebody may give."""
    told = {path.removeprefix("/properties/") for path in schema.get("readOnlyProperties", [])}
    return {name: part for name, part in schema["properties"].items() if name not in told}


@cache
def resource_types(region: str) -> frozenset[str]:
    """Every type that CloudFormation has in a region."""
    return frozenset(_schemas().get_resource_types(region))


def _schemas() -> Any:
    # Here, as it takes seconds: every process of a parallel run reads this file.
    import cfnlint.schema.manager

    return cfnlint.schema.manager.PROVIDER_SCHEMA_MANAGER
