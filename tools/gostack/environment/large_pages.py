"""Large pages of memory, where no service manager has prepared the machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def allow_large_pages(setting: Path = _SETTING) -> None:
    """Let every program have pages of 2 MiB, as Debian's own kernel does; nothing where that is not allowed.

    A virtual machine looks each page up twice, in its own table and in its host's. On a kernel that gives large pages
    only to who asks, fifty small programs spend more time on that than on their work: an `up` of the dev stack took 6
    min, with large pages 2 min, one after the other on the same machine.
    """
    with suppress(OSError):
        setting.write_text("always")
