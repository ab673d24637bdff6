"""What runs of the cluster, and how much memory it takes."""

from __future__ import annotations

from pathlib import Path

from tools.offline.cluster import cgroups, leftovers, ownership
from tools.offline.cluster.api import ApiServer
from tools.offline.cluster.layout import NODES, REGISTRY_PORT, Folders
from tools.offline.cluster.processes import Processes


def status(folders: Folders) -> tuple[str, bool]:
    """A table for people, and whether everything runs."""
    other = ownership.owner(folders)
    if other is None:
        return "There is no cluster on this machine: `make cluster` brings one up.", False
    if other != folders.project:
        return f"The cluster on this machine is that of {other}.", False
    processes = Processes(folders).known()
    lines = [f"{'component':<26}{'process':>9}{'memory':>11}"]
    for process in processes:
        state = f"{process.number:>9}{memory([process.number]):>7} MiB" if process.alive() else f"{'ended':>9}"
        lines.append(f"{process.name:<26}{state}")
    numbers = [process.number for process in processes if process.alive()]
    lines.append(f"{'together':<26}{'':>9}{memory(numbers):>7} MiB")
    shims, pods = leftovers.shims(folders), cgroups.processes()
    lines.append(f"{'container shims':<26}{len(shims):>9}{memory(shims):>7} MiB")
    lines.append(f"{'processes of pods':<26}{len(pods):>9}{memory(pods):>7} MiB")
    api = ApiServer(folders)
    ready = api.ready_nodes()
    lines.append(f"nodes ready: {', '.join(sorted(ready)) or 'none'} of {len(NODES)}")
    lines.append(f"kubeconfig: {folders.kubeconfig}   registry: localhost:{REGISTRY_PORT}")
    healthy = bool(processes) and len(numbers) == len(processes) and len(ready) == len(NODES)
    if not healthy:
        lines.append("Not everything runs: `make cluster` starts what is missing.")
    return "\n".join(lines), healthy


def memory(processes: list[int] | set[int]) -> int:
    """The memory of processes in MiB, with what they share counted once (proportional set size)."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total // 1024
