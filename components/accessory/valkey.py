"""Valkey (BSD-3-Clause), which speaks the protocol of Redis: its configuration, and what the stack knows of it."""

from __future__ import annotations

from typing import Literal

from components.accessory.args import AccessoryCheck, DataVolume
from components.text import rendered, script

PORT = 6379
USER = 999
"""User and group `valkey` of the official image."""

FOLDER = "/data"
"""Folder of the append-only file, the official image's volume."""

EvictionPolicy = Literal[
    "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "noeviction",
]  # fmt: skip
"""What goes when the memory is full: https://valkey.io/topics/lru-cache/."""

CHECK = AccessoryCheck(
    protocol="command", command=["sh", "-c", 'REDISCLI_AUTH="$PASSWORD" valkey-cli ping | grep -qx PONG']
)
"""Passes once it answers, which is after it has loaded its data."""

ENTRYPOINT = ("/bin/sh", "-c")


def start_script() -> str:
    """Return the script of its first process."""
    return script("accessory/valkey.sh")


def data_volumes(*, persistence: bool, size_gib: int) -> dict[str, DataVolume]:
    """Return its disks."""
    return {"data": DataVolume(path=FOLDER, size_gib=size_gib)} if persistence else {}


def configuration(*, memory_mib: int, persistence: bool, policy: EvictionPolicy) -> str:
    """Return its configuration without the password, for a container with a memory limit in MiB."""
    # A quarter is for clients' buffers and what the allocator holds; rewriting the file of all writes copies pages.
    share = 0.5 if persistence else 0.75
    return rendered(
        "accessory/valkey.conf.j2",
        port=PORT,
        maxmemory_mib=int(memory_mib * share),
        policy=policy,
        persistence=persistence,
        folder=FOLDER,
    )
