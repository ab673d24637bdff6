"""What `gostack offline cluster` does: a real Kubernetes cluster on this machine."""

from __future__ import annotations

import time

from tools.gostack.environment.errors import UserError
from tools.gostack.environment.progress import Progress, duration
from tools.offline.cluster import lifecycle
from tools.offline.cluster import status as processes
from tools.offline.cluster.layout import CONTEXT, NODES, REGISTRY_PORT, Folders


def up() -> int:
    """Bring the cluster up, or mend it."""
    folders = Folders()
    began = time.monotonic()
    changed = lifecycle.up(folders, Progress())
    taken = duration(time.monotonic() - began)
    print(f"The cluster is up ({taken})." if changed else f"The cluster is up already ({taken}).")
    print(f"  kubeconfig: {folders.kubeconfig} (context {CONTEXT})")
    print(f"  registry:   localhost:{REGISTRY_PORT}")
    print(f"  kubectl:    {folders.state / 'bin' / 'kubectl'} --kubeconfig {folders.kubeconfig} get nodes")
    return 0


def down(*, purge: bool) -> int:
    """Stop the cluster and remove it from this machine; with `purge` its data too."""
    lifecycle.down(Folders(), Progress(), purge=purge)
    return 0


def status() -> int:
    """Print what runs and how much memory it takes; return 1 when not everything runs."""
    text, healthy = processes.status(Folders())
    print(text)
    return 0 if healthy else 1


def stop_node(name: str) -> int:
    """Take a node away as if its machine had lost power."""
    node = next((node for node in NODES if node.name == name), None)
    if node is None:
        raise UserError(f"there is no {name}: the nodes are {', '.join(node.name for node in NODES)}.")
    lifecycle.stop_node(Folders(), node)
    return 0
