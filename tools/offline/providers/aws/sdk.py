"""The resource types of AWS, derived from the installed `pulumi_aws`: inputs, outputs, their types and their words."""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import re
import types
import typing
import warnings
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pulumi
from pulumi import _types
from pulumi.runtime import rpc

# The words of AWS' own manual for what cannot be changed in place.
_IMMUTABLE = re.compile(
    r"forces?\s+(?:the\s+creation\s+of\s+)?(?:a\s+)?(?:new|replacement|re-?creat)|will\s+force\s+a\s+new|"
    r"forces?\s+\w*\s*(?:resource|cluster)\s+to\s+be|recreat(?:e|ion)|cannot\s+be\s+(?:changed|modified|updated)\s+after",
    re.IGNORECASE,
)
_DEFAULT = re.compile(r"[Dd]efaults?(?: value)?(?: is| to|:)(?: to)? `\"?([^`\"]*)\"?`")


@dataclass(frozen=True)
class Kind:
    """The type of a property."""

    name: str
    """`string`, `boolean`, `integer`, `number`, `list`, `map`, `object`, `asset` or `any`."""
    element: Kind | None = None
    """Of a list or a map."""
    arguments: type | None = None
    """The class with the properties of an object."""


@dataclass(frozen=True)
class Property:
    """One property of a resource or of a nested object."""

    name: str
    """As on the wire: `cidrBlock`."""
    kind: Kind
    required: bool = False
    words: str = ""
    """What the manual says of it."""

    @property
    def immutable_by_its_words(self) -> bool:
        """Whether the manual says that a change makes a new resource."""
        return bool(_IMMUTABLE.search(self.words))

    @property
    def default(self) -> str | None:
        """What the manual says is taken when nothing is said."""
        match = _DEFAULT.search(self.words)
        return match[1] if match else None


@dataclass(frozen=True)
class ResourceType:
    """A type of resource."""

    token: str
    """For example `aws:ec2/vpc:Vpc`."""
    resource: type

    @property
    def service(self) -> str:
        """The service in its token, for example `ec2`."""
        return self.token.split(":")[1].split("/")[0]

    @property
    def title(self) -> str:
        """The name of its class, for example `Vpc`."""
        return self.token.rsplit(":", 1)[1]

    @cached_property
    def inputs(self) -> dict[str, Property]:
        """What it can be told."""
        module = inspect.getmodule(self.resource)
        arguments = getattr(module, f"{self.title}Args", None)
        return properties_of(arguments) if arguments is not None else {}

    @cached_property
    def outputs(self) -> dict[str, Property]:
        """What it tells; `required` are those that are always there."""
        return told_by(self.resource)


@cache
def find(token: str) -> ResourceType | None:
    """The type of a token; None when the SDK has none of that name."""
    importlib.import_module("pulumi_aws")
    parts = token.split(":")
    if len(parts) != 3 or parts[0] != "aws":
        return None
    for module in rpc._RESOURCE_MODULES.get(f"aws:{parts[1]}", []):
        information: dict[str, Any] = module.mod_info  # type: ignore[attr-defined]
        name = information["classes"].get(token)
        if name is not None:
            with warnings.catch_warnings():
                # Every class of the service is made, those that nobody should use any more too.
                warnings.simplefilter("ignore", DeprecationWarning)
                return ResourceType(token, getattr(importlib.import_module(information["fqn"]), name))
    return None


@cache
def properties_of(arguments: type) -> dict[str, Property]:
    """The properties of a class of arguments, by their names on the wire."""
    wire = _types.input_type_py_to_pulumi_names(arguments)
    initializer: Any = arguments.__init__
    hints = _hints(initializer, arguments)
    words = _documented(inspect.getdoc(initializer) or "")
    found: dict[str, Property] = {}
    for name, parameter in inspect.signature(initializer).parameters.items():
        if name in wire:
            required = parameter.default is inspect.Parameter.empty
            found[wire[name]] = Property(wire[name], kind_of(hints.get(name, Any)), required, words.get(name, ""))
    return found


@cache
def told_by(owner: type) -> dict[str, Property]:
    """The properties of a resource or of an object in its outputs; `required` are those that are always there."""
    found: dict[str, Property] = {}
    for name, value in vars(owner).items():
        if not isinstance(value, property) or value.fget is None:
            continue
        annotation = _hints(value.fget, owner).get("return")
        inner = typing.get_args(annotation)[0] if typing.get_origin(annotation) is pulumi.Output else annotation
        wire = getattr(value.fget, "_pulumi_name", None) or name
        found[wire] = Property(wire, kind_of(inner), not _is_optional(inner), inspect.getdoc(value.fget) or "")
    return found


def kind_of(annotation: Any) -> Kind:
    """The type of a value behind what the SDK accepts for it: an Input of this, of that, or nothing."""
    choices = _choices(annotation)
    kinds = {_single(choice).name: _single(choice) for choice in choices}
    # A policy may be text or an object.
    return next(iter(kinds.values())) if len(kinds) == 1 else Kind("any")


def _single(choice: Any) -> Kind:
    origin = typing.get_origin(choice)
    if origin in (collections.abc.Sequence, list):
        return Kind("list", kind_of(typing.get_args(choice)[0]))
    if origin in (collections.abc.Mapping, dict):
        return Kind("map", kind_of(typing.get_args(choice)[1]))
    if not isinstance(choice, type):
        return Kind("any")
    if issubclass(choice, enum.Enum):
        return Kind("string") if issubclass(choice, str) else Kind("any")
    if _types.is_input_type(choice) or _types.is_output_type(choice):
        return Kind("object", arguments=choice)
    if issubclass(choice, pulumi.Asset | pulumi.Archive):
        return Kind("asset")
    # bool is an int to Python.
    names = {bool: "boolean", str: "string", int: "integer", float: "number"}
    return Kind(names.get(choice, "any"))


def _choices(annotation: Any) -> list[Any]:
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [] if annotation is type(None) else [annotation]
    found: list[Any] = []
    for choice in typing.get_args(annotation):
        origin = typing.get_origin(choice)
        if choice is type(None) or origin is collections.abc.Awaitable or origin is pulumi.Output:
            continue
        # The TypedDict twin of a class of arguments says the same.
        if isinstance(choice, type) and typing.is_typeddict(choice):
            continue
        found += _choices(choice)
    return found


def _is_optional(annotation: Any) -> bool:
    return type(None) in typing.get_args(annotation)


def _hints(function: Any, owner: type) -> dict[str, Any]:
    """The annotations of a function, resolved in the module of its class, which names others by their text."""
    module = inspect.getmodule(owner)
    names = {**vars(importlib.import_module("pulumi")), **(vars(module) if module else {})}
    names.setdefault("Output", pulumi.Output)
    for other in ("_inputs", "outputs"):
        nested = getattr(module, other, None)
        if nested is not None:
            names.setdefault(other, nested)
    # `Output[T]` inside of `Input[...]` is a type variable of the SDK's, of no interest here.
    names.setdefault("T", Any)
    return typing.get_type_hints(function, globalns=names, localns=names)


def _documented(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in re.split(r"\n?:param ", text)[1:]:
        head, _, words = part.partition(": ")
        found[head.split()[-1]] = words
    return found
