"""What containers leave on a host when their node goes: processes, mounts, links. All of it is found by its place."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.layout import NODES, Folders, Node

_SHIM = b"containerd-shim-runc-v2"
_MOST_ARGUMENTS = 200
_LOG_LINKS = Path("/var/log/containers")
_DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins")


def shims(folders: Folders, processes: Path = Path("/proc"), node: Node | None = None) -> list[int]:
    """The processes that stand between a container runtime of ours, or only that of `node`, and its containers."""
    own = folders.run / node.name if node else folders.run
    found: list[int] = []
    for folder in processes.glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if not arguments[0].endswith(_SHIM) or b"-address" not in arguments[:-1]:
            continue
        address = Path(arguments[arguments.index(b"-address") + 1].decode(errors="replace"))
        if address.is_relative_to(own):
            found.append(int(folder.name))
    return found


def stop_shims(folders: Folders, node: Node | None = None, seconds: float = 5.0) -> None:
    """End them, and remove the sockets that they leave."""
    sockets = [
        Path(file.read_text().strip().removeprefix("unix://"))
        for found in ([node] if node else NODES)
        for file in (folders.run / found.name / "containerd").glob("io.containerd.runtime.v2.task/*/*/address")
    ]
    deadline = time.monotonic() + seconds
    while running := shims(folders, node=node):
        for process in running:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise BootstrapError(f"Processes of the cluster do not end: {running}. Restart this machine.")
        time.sleep(0.05)
    for socket in sockets:
        socket.unlink(missing_ok=True)


def mounts(folders: Folders, table: str | None = None) -> list[str]:
    """Mount points below the cluster's folders, the innermost first."""
    lines = (table if table is not None else Path("/proc/self/mounts").read_text()).splitlines()
    # The kernel writes a space in a path as \040.
    points = [line.split()[1].replace("\\040", " ") for line in lines if line.strip()]
    own = (folders.run, folders.state)
    return sorted(
        (point for point in points if any(Path(point).is_relative_to(folder) for folder in own)), reverse=True
    )


def unmount(folders: Folders, seconds: float = 10.0) -> None:
    """Unmount everything below the cluster's folders.

    Raises `BootstrapError` when something stays mounted: nothing may be deleted then, as it would be a volume's data.
    """
    deadline = time.monotonic() + seconds
    while points := mounts(folders):
        for start in range(0, len(points), _MOST_ARGUMENTS):
            batch = points[start : start + _MOST_ARGUMENTS]
            subprocess.run(["umount", "--lazy", *batch], capture_output=True, check=False, timeout=60)
        if time.monotonic() > deadline:
            raise BootstrapError(f"{points[0]} cannot be unmounted: end the processes that use it and try again.")


def remove_links(folders: Folders) -> None:
    """Remove what a kubelet leaves in folders that are not its own, and these folders when nothing else is in them."""
    if _LOG_LINKS.is_dir():
        for link in _LOG_LINKS.iterdir():
            if link.is_symlink() and link.readlink().is_relative_to(folders.state):
                link.unlink()
    (_DEVICE_PLUGINS / "kubelet.sock").unlink(missing_ok=True)
    (_DEVICE_PLUGINS / "DEPRECATION").unlink(missing_ok=True)
    for folder in (_LOG_LINKS, _DEVICE_PLUGINS, _DEVICE_PLUGINS.parent):
        with suppress(OSError):
            folder.rmdir()
