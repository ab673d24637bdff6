"""Valkey (BSD-3-Clause), which speaks the protocol of Redis: its configuration, and what the stack knows of it."""

from __future__ import annotations

import pulumi

from components.accessory.args import AccessoryCheck, DataVolume, EvictionPolicy
from components.text import rendered

PORT = 6379
USER = 999
"""User and group `valkey` of the official image."""

FOLDER = "/data"
"""Folder of the append-only file, the official image's volume."""

FILE = "/run/gostack/valkey.conf"
"""Its configuration, with the password: a file, because everybody who may ask the engine sees a variable."""

PASSWORD = f"sed -n 's/^requirepass //p' {FILE}"
"""Command that prints the password, in its container."""

CHECK = AccessoryCheck(
    protocol="command",
    command=["sh", "-c", f'REDISCLI_AUTH="$({PASSWORD})" valkey-cli ping | grep -qx PONG'],
)
"""Passes once it answers, which is after it has loaded its data."""

ENTRYPOINT = ("valkey-server", FILE)


def data_volumes(*, persistence: bool, size_gib: int) -> dict[str, DataVolume]:
    """Return its disks."""
    return {"data": DataVolume(path=FOLDER, size_gib=size_gib)} if persistence else {}


def configuration(
    password: pulumi.Input[str], *, memory_mib: int, persistence: bool, policy: EvictionPolicy
) -> pulumi.Output[str]:
    """Return its configuration, for a container with a memory limit in MiB; a secret, like the password."""
    text = settings(memory_mib=memory_mib, persistence=persistence, policy=policy)
    return pulumi.Output.concat(text, "requirepass ", password, "\n")


def settings(*, memory_mib: int, persistence: bool, policy: EvictionPolicy) -> str:
    """Return its configuration without the password."""
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
