"""The state's lock when whoever took it is gone.

With state in files, a Pulumi that was killed leaves its lock behind, and every later command would be refused.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from tools.gostack.lifecycle.workspace import PulumiError, Workspace


def release_stale_lock(workspace: Workspace) -> list[str]:
    """Remove locks of this machine whose process is gone and return one sentence for each.

    Raises PulumiError while another Pulumi really works on the stack.
    """
    told: list[str] = []
    for file in _lock_files(workspace):
        try:
            lock = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        pid = int(lock.get("pid", 0))
        if lock.get("hostname") != socket.gethostname():
            raise PulumiError(
                f"the stack {workspace.stack} is locked by {lock.get('username')} on {lock.get('hostname')} since "
                f"{lock.get('timestamp')}: wait for it, or run `pulumi cancel` when that machine is gone."
            )
        if _is_pulumi(pid):
            raise PulumiError(
                f"another update of the stack {workspace.stack} runs (process {pid}, since {lock.get('timestamp')}): "
                "wait for its end."
            )
        file.unlink(missing_ok=True)
        told.append(f"the update of process {pid} was killed: its lock is released")
    return told


def _lock_files(workspace: Workspace) -> list[Path]:
    folder = workspace.backend_folder
    if folder is None:
        return []
    return sorted((folder / ".pulumi" / "locks").glob(f"**/{workspace.stack}/*.json"))


def _is_pulumi(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        # No /proc: the number alone must do.
        return True
    return b"pulumi" in command
