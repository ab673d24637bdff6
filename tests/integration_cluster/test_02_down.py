"""Down leaves no process, mount, device, route, rule, set or control group behind, and keeps the data.

Stops the cluster, starts it by half, and starts it again. Does not prove that the kernel's settings are as before where
Docker, which wants the same ones, runs beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.integration_cluster.support import FIGURES, LiveCluster, in_registry, namespace, pod, wait_until
from tools.gostack.environment.progress import Progress
from tools.offline.cluster import cgroups, leftovers, lifecycle, network
from tools.offline.cluster.debian import find_debian_programs
from tools.offline.cluster.layout import NODES, Folders
from tools.offline.cluster.processes import Processes
from tools.offline.cluster.status import memory


def test_the_cluster_goes_without_a_trace_and_comes_back_with_its_data_after_half_a_start(
    cluster: LiveCluster, image: str
) -> None:
    space = namespace("down")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": space},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    mounted = {
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        "mounts": [{"name": "data", "mountPath": "/data"}],
    }
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}, claim)
    cluster.apply(pod(space, "writer", image, "write", "/data/file", "kept", **mounted))
    cluster.ready(space, "writer")
    cluster.kubectl("delete", "pod", "writer", "--namespace", space)
    cluster.apply(pod(space, "reader", image, **mounted))
    cluster.ready(space, "reader")
    interface_count = len(devices())

    began = time.monotonic()
    lifecycle.down(cluster.folders, Progress())
    FIGURES.append(f"gostack offline cluster down: {time.monotonic() - began:.1f} s")
    assert traces(cluster.folders) == []
    assert len(devices()) < interface_count
    assert not cluster.folders.kubeconfig.exists()

    interrupt_start(cluster.folders)
    assert lifecycle.up(cluster.folders, Progress())
    wait_until(
        lambda: cluster.probe(space, "reader", "read", "/data/file").stdout == "kept",
        "the pod should have come back with its volume",
        seconds=120,
    )
    assert in_registry(image), "the image should have survived in the registry"
    cluster.kubectl("delete", "namespace", space, "--timeout=90s")
    numbers = [*own_processes(cluster.folders), *leftovers.shims(cluster.folders), *cgroups.processes()]
    FIGURES.append(f"memory of {len(NODES)} nodes with name servers, metrics and registry: {memory(set(numbers))} MiB")


def interrupt_start(folders: Folders) -> None:
    """Begin a start, and kill it when the API server has just been started."""
    half = subprocess.Popen([sys.executable, "-m", "cluster", "up"], cwd=folders.project, stderr=subprocess.DEVNULL)
    processes = Processes(folders)
    wait_until(lambda: processes.find("kube-apiserver") is not None, "the API server should have been started")
    half.kill()
    half.wait()
    assert processes.find("node-1-kubelet") is None


def traces(folders: Folders) -> list[str]:
    """Everything of the cluster that is on this host, in words."""
    found = [f"process {number}" for number in own_processes(folders)]
    found += [f"shim {number}" for number in leftovers.shims(folders)]
    found += [f"process of a pod {number}" for number in cgroups.processes()]
    found += [f"control group {root}" for root in cgroups.roots() if (root / "gostack-cluster").exists()]
    found += [f"mount {point}" for point in leftovers.mounts(folders)]
    found += [f"device {name}" for name in devices() if name.startswith("gostack")]
    found += [f"route {line}" for line in output("ip", "route", "show", "type", "unreachable").splitlines() if line]
    for family in ("iptables", "ip6tables"):
        lines = output(f"{family}-save").splitlines()
        found += [f"{family} {line}" for line in lines if "KUBE" in line or "GOSTACK" in line]
    programs = find_debian_programs()
    assert programs is not None
    environment = {**os.environ, **programs.environment()}
    sets = subprocess.run(
        [str(programs.program("ipset")), "list", "-name"], env=environment, capture_output=True, text=True, check=True
    )
    found += [f"address set {name}" for name in network.address_sets(sets.stdout)]
    found += [f"network namespace {line}" for line in output("ip", "netns", "list").splitlines() if "cni-" in line]
    found += [f"folder {path}" for path in (folders.run, Path("/var/lib/kubelet")) if path.exists()]
    links = Path("/var/log/containers")
    found += [f"link {link}" for link in (links.iterdir() if links.is_dir() else []) if link.is_symlink()]
    return found


def own_processes(folders: Folders) -> list[int]:
    """Processes that were started with this checkout's state, or listen in its run folder."""
    needles = (str(folders.state).encode(), str(folders.run).encode())
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if any(needle in arguments for needle in needles) and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def devices() -> list[str]:
    """The names of this host's network devices."""
    return sorted(path.name for path in Path("/sys/class/net").iterdir())


def output(*command: str) -> str:
    """The output of a command that must succeed."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
