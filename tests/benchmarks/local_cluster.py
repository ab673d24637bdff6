"""Time and memory of the cluster, for `make bench` and the documentation."""

from __future__ import annotations

import time

from tools.gostack.environment.progress import Progress, duration
from tools.offline.cluster import cgroups, leftovers, lifecycle
from tools.offline.cluster.layout import NODES, Folders
from tools.offline.cluster.processes import Processes
from tools.offline.cluster.status import memory


def benchmark(folders: Folders, progress: Progress) -> str:
    """Stop the cluster, start it from its data, start it again, and say what each took. Its data stays."""
    lifecycle.down(folders, progress)
    cold = _timed(folders, progress)
    warm = _timed(folders, progress)
    numbers = [process.number for process in Processes(folders).known() if process.alive()]
    numbers += [*leftovers.shims(folders), *cgroups.processes()]
    return (
        f"make cluster, programs built, nothing running: {duration(cold)}\n"
        f"make cluster, everything running: {duration(warm)}\n"
        f"memory of {len(NODES)} nodes with name servers, metrics and registry: {memory(numbers)} MiB"
    )


def _timed(folders: Folders, progress: Progress) -> float:
    began = time.monotonic()
    lifecycle.up(folders, progress)
    return time.monotonic() - began
