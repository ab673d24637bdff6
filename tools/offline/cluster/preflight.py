"""What would make the cluster fail later, looked for before anything is started."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster import cgroups
from tools.offline.cluster.layout import (
    FIREWALL_CHAIN,
    HOST_CIDR,
    LOAD_BALANCER_CIDR,
    POD_CIDR,
    REGISTRY_HOST,
    REGISTRY_PORT,
    SERVICE_CIDR,
)
from tools.offline.cluster.network import overlapping, run

_MEMORY_MIB = 2048
_DISK_GIB = 3
_ELSEWHERE = "or use another cluster (for example kind) and name its kubeconfig in the stack file (gostack:kubernetes)"


def require_root(user: int | None = None) -> None:
    """Raise `BootstrapError` for a user who may not make network devices, mounts and control groups."""
    if platform.system() != "Linux":
        raise BootstrapError(f"The local cluster runs on Linux only: {_ELSEWHERE.removeprefix('or ')}.")
    if (os.geteuid() if user is None else user) != 0:
        raise BootstrapError(f"The local cluster needs root: run `sudo make cluster`, {_ELSEWHERE}.")


def check(state: Path) -> None:
    """Raise `BootstrapError` with every reason why a first start would fail."""
    reasons = [
        *missing_programs(),
        *taken_port(REGISTRY_HOST, REGISTRY_PORT),
        *foreign_networks(run("ip", "-4", "-json", "route")),
        *foreign_rules(run("iptables-save")),
        *kernel(),
        *space(state),
    ]
    if reasons:
        raise BootstrapError("\n  ".join(["The local cluster cannot start:", *reasons]))


def missing_programs() -> list[str]:
    """Programs that the machine itself has to have."""
    packages = {"ip": "iproute2", "iptables": "iptables", "mount": "mount"}
    missing = [package for program, package in packages.items() if shutil.which(program) is None]
    return [f"programs are missing: `apt-get install {' '.join(missing)}`."] if missing else []


def taken_port(host: str, port: int) -> list[str]:
    """Whether somebody else listens where the registry should."""
    with socket.socket() as probe:
        # As the registry does: a connection that has just ended must not look like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return [
                f"port {port} of {host} is taken ({error.strerror}): stop what listens there "
                f"(`ss -ltnp 'sport = :{port}'`), or change REGISTRY_PORT in tools/offline/cluster/layout.py."
            ]
    return []


def foreign_networks(routes: str) -> list[str]:
    """Networks of this machine that overlap with the cluster's."""
    networks = (POD_CIDR, SERVICE_CIDR, HOST_CIDR, LOAD_BALANCER_CIDR)
    return [
        f"this machine's network {name} overlaps with the cluster's: "
        "remove it, or change the *_CIDR in tools/offline/cluster/layout.py."
        for name in overlapping(networks, routes)
    ]


def foreign_rules(saved: str) -> list[str]:
    """Whether another Kubernetes uses this machine's packet filter; `saved` is `iptables-save`'s output."""
    foreign = ":KUBE-SERVICES " in saved and f":{FIREWALL_CHAIN} " not in saved
    return [f"another Kubernetes runs on this machine (chain KUBE-SERVICES): stop it, {_ELSEWHERE}."] if foreign else []


def kernel(root: Path = Path("/")) -> list[str]:
    """What the kernel has to offer."""
    reasons: list[str] = []
    if not (root / "proc/sys/net/bridge/bridge-nf-call-iptables").exists():
        reasons.append("the kernel does not filter bridged traffic: `modprobe br_netfilter`.")
    if "\toverlay\n" not in (root / "proc/filesystems").read_text():
        reasons.append("the kernel has no overlay file system: `modprobe overlay`.")
    if not cgroups.roots(root / "sys/fs/cgroup"):
        reasons.append("no control groups are mounted at /sys/fs/cgroup: use the host itself instead of a container.")
    return reasons


def space(state: Path, available_mib: int | None = None) -> list[str]:
    """Memory and disk for the cluster itself; a stack needs its own."""
    reasons: list[str] = []
    memory = available_memory() if available_mib is None else available_mib
    if memory < _MEMORY_MIB:
        reasons.append(f"{memory} MiB of memory are free, and {_MEMORY_MIB} are needed: end other programs.")
    state.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(state).free // 2**30
    if free < _DISK_GIB:
        reasons.append(
            f"{free} GiB are free in {state}, and {_DISK_GIB} are needed: `docker system prune`, `go clean -cache`."
        )
    return reasons


def available_memory(information: Path = Path("/proc/meminfo")) -> int:
    """Memory that programs can still have, in MiB."""
    lines = information.read_text().splitlines()
    line = next(line for line in lines if line.startswith("MemAvailable:"))
    return int(line.split()[1]) // 1024
