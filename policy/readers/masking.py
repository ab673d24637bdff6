"""Puts markers in the place of secrets and unknown values, in any of the forms in which the engine writes them.

Source: https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/resource/plugin/rpc.go (unknown values) and the
signatures in the Python SDK's `pulumi/runtime/rpc.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policy.resource import PROVIDER_PREFIX, Marker, listing, mapping

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  (how a secret is announced, not one)
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSETS = frozenset({"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"})
_UNKNOWN = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def masked(value: Any) -> Any:
    """Return a value as plain data, with `Marker.SECRET` for secrets and `Marker.UNKNOWN` for what is not known."""
    if isinstance(value, str):
        return _text(value)
    known = mapping(value)
    if SIGNATURE in known:
        return _signed(known)
    if isinstance(value, Mapping):
        return {str(key): masked(item) for key, item in known.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in listing(value)]
    # Numbers travel as floating-point ones: 3.0 replicas are 3.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_inputs(type_: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs of a resource, masked; those of a provider travel as JSON in texts, and are read."""
    plain = mapping(masked(inputs))
    return {key: _parsed(value) for key, value in plain.items()} if type_.startswith(PROVIDER_PREFIX) else plain


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Marker) or value[:1] not in ("{", "[", "t", "f"):
        return value
    try:
        return masked(json.loads(value))
    except ValueError:
        return value


def _signed(value: Mapping[str, Any]) -> Any:
    signature = value[SIGNATURE]
    if signature == _SECRET or (signature == _OUTPUT and value.get("secret")):
        return Marker.SECRET
    if signature == _OUTPUT and "value" in value:
        return masked(value["value"])
    if signature == _RESOURCE:
        return str(value.get("urn", ""))
    if signature in _ASSETS:
        return {key: masked(item) for key, item in value.items() if key != SIGNATURE}
    return Marker.UNKNOWN


def _text(value: str) -> Any:
    if value == Marker.SECRET.value:
        return Marker.SECRET
    if value in _UNKNOWN:
        return Marker.UNKNOWN
    # A text that was put together from an unknown one holds its sign.
    return Marker.UNKNOWN if any(sign in value for sign in _UNKNOWN) else value
