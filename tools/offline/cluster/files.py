"""Writes the rendered configuration, and only what differs: a component is started anew when a file of its changes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tools.offline.cluster import configuration
from tools.offline.cluster.certificates import ensure_certificates
from tools.offline.cluster.layout import NODES, Folders
from tools.offline.cluster.programs import Programs

NODE_FILES = {
    "containerd.toml": "containerd.toml",
    "cni/10-gostack.conflist": "pod-network.json",
    "kubelet.yaml": "kubelet.yaml",
}
"""File of a node to its template."""
_RESOLVERS = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))


def write_all(folders: Folders, programs: Programs) -> None:
    """Certificates and every component's configuration."""
    ensure_certificates(folders.certificates)
    for user in (
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "metrics-server",
        "local-cloud",
        "network-policy",
    ):
        put(folders.configuration / f"{user}.kubeconfig", kubeconfig(folders, user))
    put(folders.configuration / "kube-proxy.yaml", configuration.rendered("kube-proxy.yaml", folders=folders))
    put(folders.configuration / "registry.yaml", configuration.rendered("registry.yaml", folders=folders))
    put(folders.configuration / "resolv.conf", configuration.resolver(_resolver()))
    encryption = folders.configuration / "encryption.yaml"
    if not encryption.is_file():
        # Once: what was encrypted with a lost key is lost.
        put(encryption, configuration.rendered("encryption.yaml", key=secrets.token_bytes(32)))
    for node in NODES:
        own = folders.configuration / node.name
        put(folders.configuration / f"{node.name}.kubeconfig", kubeconfig(folders, node.name))
        node_values = {"folders": folders, "node": node, "plugins": programs.debian.network_plugins}
        for name, template in NODE_FILES.items():
            put(own / name, configuration.rendered(template, **node_values))
    for folder in ("volumes", "registry"):
        (folders.data / folder).mkdir(parents=True, exist_ok=True)


def write_kubeconfig(folders: Folders) -> None:
    """The kubeconfig for the users of the cluster."""
    put(folders.kubeconfig, kubeconfig(folders, "admin"))


def put(path: Path, content: str) -> bool:
    """Write a private file unless it has this content; return whether it was written."""
    try:
        if path.read_text() == content and path.stat().st_mode & 0o777 == 0o600:
            return False
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(content)
    unfinished.rename(path)
    return True


def kubeconfig(folders: Folders, user: str) -> str:
    """The kubeconfig of one user of the API."""
    own = folders.certificates
    files = {"authority": "cluster-ca.crt", "certificate": f"{user}.crt", "key": f"{user}.key"}
    return configuration.rendered(
        "kubeconfig.yaml", **{part: (own / file).read_bytes() for part, file in files.items()}
    )


def _resolver() -> str:
    # systemd's own name server listens on the loopback address, which a pod cannot reach.
    return next((path.read_text() for path in _RESOLVERS if path.is_file()), "")
