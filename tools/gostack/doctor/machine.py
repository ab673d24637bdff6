"""Whether this machine has disk, memory and processors enough."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.gostack.doctor.finding import Finding
from tools.gostack.environment.docker_engine import Engine

MINIMUM_DISK_BYTES = 10 * 1024**3
MINIMUM_MEMORY_BYTES = 4 * 1024**3
_GIB = 1024**3


def check_disk(engine: Engine | None, free_bytes: Callable[[Path], int | None] | None = None) -> Iterator[Finding]:
    """Free space where the engine keeps images and volumes; unknown when that is another machine."""
    root = engine.data_root if engine is not None else Path("/var/lib")
    measured = (free_bytes or _free_bytes)(root)
    if measured is None:
        return
    message = f"{measured / _GIB:.0f} GiB free at {root}"
    if measured < MINIMUM_DISK_BYTES:
        remedy = "docker system prune (removes what no container uses)"
        yield Finding("disk", "warn", f"{message}, {MINIMUM_DISK_BYTES // _GIB} GiB wanted", remedy)
    else:
        yield Finding("disk", "ok", message)


def check_memory(available: int | None, *, stack_runs: bool) -> Iterator[Finding]:
    """Available memory; a stack that runs already has taken its share."""
    if available is None:
        return
    message = f"{available / _GIB:.1f} GiB available"
    if available < MINIMUM_MEMORY_BYTES and not stack_runs:
        wanted = f"{MINIMUM_MEMORY_BYTES // _GIB} GiB wanted"
        remedy = "stop other programs, or lower replicas and regions in the stack's settings"
        yield Finding(
            "memory", "fail" if available < MINIMUM_MEMORY_BYTES // 2 else "warn", f"{message}, {wanted}", remedy
        )
    else:
        yield Finding("memory", "ok", message)


def check_processors(count: int) -> Iterator[Finding]:
    """The number of processors."""
    if count < 2:
        yield Finding("processors", "warn", f"{count}", "expect a slow start: two or more are wanted")
    else:
        yield Finding("processors", "ok", f"{count}")


def available_memory(path: Path = Path("/proc/meminfo")) -> int | None:
    """The memory that programs can still have, in bytes; None where the system does not say."""
    try:
        for line in path.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _free_bytes(path: Path) -> int | None:
    while not path.exists() and path != path.parent:
        # The engine's folder may be readable by root alone; its file system is that of a parent.
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None
