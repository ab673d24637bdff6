"""Pulumi's wire format of property values, as plain Python values and back.

Dictionaries, lists, strings, numbers and booleans are themselves; three classes stand for what JSON lacks: a value
that is only known later (`UNKNOWN`), a secret, and an asset, archive or resource reference (`Opaque`), which a
double only hands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_OUTPUT = rpc._special_output_value_sig

# The engine writes an unknown as one of these strings, by the type it expects in its place
# (sdk/go/common/resource/plugin/rpc.go).
_UNKNOWNS = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)

Properties = dict[str, Any]


class Unknown:
    """The class of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
"""A value that an earlier step of the same update will give; only met in previews."""


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts and masks."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class Opaque:
    """An asset, an archive or a reference to a resource."""

    signature: str
    fields: tuple[tuple[str, Any], ...]


def decode(properties: struct_pb2.Struct) -> Properties:
    """The properties of a message, without those that are null."""
    return {name: _decode(value) for name, value in properties.fields.items() if not _is_null(value)}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The properties as a message."""
    return struct_pb2.Struct(fields={name: _encode(value) for name, value in properties.items()})


def plain(value: Any) -> Any:
    """The value with every secret in it laid open."""
    match value:
        case Secret(inner):
            return plain(inner)
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def has_unknown(value: Any) -> bool:
    """Whether the value or a part of it is unknown."""
    return _any(value, lambda part: part is UNKNOWN)


def has_secret(value: Any) -> bool:
    """Whether the value or a part of it is secret."""
    return _any(value, lambda part: isinstance(part, Secret))


def with_secrets_of(value: Any, model: Any) -> Any:
    """The value, made secret wherever the model is; a list of another length than the model's becomes secret whole."""
    if isinstance(model, Secret):
        return value if isinstance(value, Secret) else Secret(value)
    if isinstance(value, dict) and isinstance(model, dict):
        return {name: with_secrets_of(item, model.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(model, list):
        if len(value) == len(model):
            return [with_secrets_of(item, model[index]) for index, item in enumerate(value)]
        return Secret(plain(value)) if has_secret(model) else value
    return value


def _any(value: Any, holds: Any) -> bool:
    if holds(value):
        return True
    match value:
        case Secret(inner):
            return _any(inner, holds)
        case dict():
            return any(_any(item, holds) for item in value.values())
        case list():
            return any(_any(item, holds) for item in value)
        case _:
            return False


def _is_null(value: struct_pb2.Value) -> bool:
    return value.WhichOneof("kind") in (None, "null_value")


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_struct(value.struct_value)
        case _:
            return None


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    if _SIGNATURE not in struct.fields:
        return decode(struct)
    signature = struct.fields[_SIGNATURE].string_value
    if signature == _SECRET:
        return Secret(_decode(struct.fields["value"]))
    if signature == _OUTPUT:
        inner = _decode(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
        return Secret(inner) if struct.fields["secret"].bool_value else inner
    return Opaque(signature, tuple((name, _decode(item)) for name, item in struct.fields.items() if name != _SIGNATURE))


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=float(value))
        case str():
            return struct_pb2.Value(string_value=value)
        case Unknown():
            return struct_pb2.Value(string_value=rpc.UNKNOWN)
        case Secret(inner):
            return _signed(_SECRET, {"value": inner})
        case Opaque(signature, fields):
            return _signed(signature, dict(fields))
        case dict():
            return struct_pb2.Value(struct_value=encode(value))
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case _:
            raise TypeError(f"a property value cannot be a {type(value).__name__}")


def _signed(signature: str, fields: Mapping[str, Any]) -> struct_pb2.Value:
    return struct_pb2.Value(struct_value=encode({_SIGNATURE: signature, **fields}))
