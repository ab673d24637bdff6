"""The settings by which the sample service has its cache, as docs/cache.md says them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CACHE = "cache"

_PASSWORD_FILE = "/etc/users/cache-password"
"""Where it is, not what."""

TTL_SECONDS = 2
"""Short, so that a test meets every level often."""

CACHED: dict[str, Any] = {
    "environment": {
        "CACHE_ADDRESS": "${accessory.cache.address}",
        "CACHE_PEER_ADDRESSES": "${accessory.cache.peers}",
        "CACHE_PASSWORD_FILE": _PASSWORD_FILE,
        "CACHE_TTL_SECONDS": TTL_SECONDS,
    },
    "files": {_PASSWORD_FILE: {"text": "${accessory.cache.password}"}},
}
"""What is added to the service."""


def valkey_in(regions: Sequence[str]) -> dict[str, Any]:
    """A small Valkey in each of these regions, as `gostack:accessories` has it."""
    return {CACHE: {"kind": "valkey", "memory_mib": 64, "regions": list(regions)}}
