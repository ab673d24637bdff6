"""Provider processes that outlive a Pulumi that was killed: they could still create what nobody records."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def end_orphaned_plugins(project: Path) -> list[str]:
    """End provider processes of this checkout whose parent is gone and return one sentence for each."""
    told: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        if _is_orphaned_plugin(process, project):
            pid = int(process.name)
            os.kill(pid, signal.SIGTERM)
            _wait_for_end(process)
            told.append(f"provider process {pid} outlived its update: ended")
    return told


def _is_orphaned_plugin(process: Path, project: Path) -> bool:
    try:
        # A plugin in Python is the interpreter's first argument.
        command = (process / "cmdline").read_bytes().split(b"\0")[:2]
        folder = (process / "cwd").resolve(strict=True)
        parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError, IndexError):
        return False
    is_plugin = any(b"pulumi-resource-" in word for word in command)
    return parent == 1 and is_plugin and folder.is_relative_to(project)


def _wait_for_end(process: Path) -> None:
    for _ in range(50):
        if not process.exists():
            return
        time.sleep(0.1)
    os.kill(int(process.name), signal.SIGKILL)
