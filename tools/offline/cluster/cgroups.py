"""The control groups of the nodes: made before their kubelets start, ended and removed with them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tools.gostack.environment.processor_share import prefer
from tools.offline.cluster.layout import CGROUP_ROOT, NODES

_ROOT = Path("/sys/fs/cgroup")


def roots(root: Path = _ROOT) -> list[Path]:
    """The root of every hierarchy: one in version 2 of the control groups, one a controller in version 1."""
    if (root / "cgroup.controllers").is_file():
        return [root]
    if not root.is_dir():
        return []
    # Names such as `cpu` may be links to `cpu,cpuacct`.
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").is_file()})


def set_up(root: Path = _ROOT) -> None:
    """Make the control group of every node, with the controllers that a kubelet wants."""
    for hierarchy in roots(root):
        for node in NODES:
            folder = hierarchy
            for part in node.cgroup.strip("/").split("/"):
                _pass_on(folder)
                folder = folder / part
                folder.mkdir(exist_ok=True)
                _inherit(folder)
    # The nodes stand for machines of their own.
    prefer(CGROUP_ROOT, root)


def processes(root: Path = _ROOT, group: str = CGROUP_ROOT) -> set[int]:
    """Every process of every pod; `group`: that of one node."""
    found: set[int] = set()
    for hierarchy in roots(root):
        for file in (hierarchy / group.strip("/")).rglob("cgroup.procs"):
            with suppress(OSError):
                found |= {int(line) for line in file.read_text().split()}
    return found


def stop(
    seconds: float = 8.0,
    root: Path = _ROOT,
    group: str = CGROUP_ROOT,
    number: signal.Signals = signal.SIGTERM,
) -> None:
    """End every process of every pod, or of one node's: first with `number`, by force after `seconds`."""
    for sent in (number, signal.SIGKILL):
        deadline = time.monotonic() + seconds
        for process in processes(root, group):
            with suppress(ProcessLookupError):
                os.kill(process, sent)
        while processes(root, group) and time.monotonic() < deadline:
            time.sleep(0.05)


def tear_down(seconds: float = 5.0, root: Path = _ROOT) -> None:
    """Remove the control groups, which has to wait until the kernel has let go of the last process."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        tops = [hierarchy / CGROUP_ROOT for hierarchy in roots(root) if (hierarchy / CGROUP_ROOT).is_dir()]
        if not tops:
            return
        for top in tops:
            for folder in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                with suppress(OSError):
                    folder.rmdir()
            with suppress(OSError):
                top.rmdir()
        time.sleep(0.05)


def _pass_on(folder: Path) -> None:
    """Version 2: let the folders below have the controllers of this one."""
    available, enabled = folder / "cgroup.controllers", folder / "cgroup.subtree_control"
    if available.is_file():
        wanted = {"cpu", "cpuset", "memory", "pids", "io", "hugetlb"} & set(available.read_text().split())
        for controller in wanted - set(enabled.read_text().split()):
            with suppress(OSError):
                enabled.write_text(f"+{controller}")


def _inherit(folder: Path) -> None:
    """Version 1: a group of processors and memory starts empty, and an empty one takes no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        own, parent = folder / name, folder.parent / name
        if own.is_file() and parent.is_file() and not own.read_text().strip():
            own.write_text(parent.read_text())
