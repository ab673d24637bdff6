"""The programs of the cluster: Kubernetes and its companions from Go modules, the container runtime from Debian."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.gostack.environment.progress import Progress
from tools.offline.cluster.debian import DebianPrograms, ensure_debian_programs
from tools.offline.cluster.layout import KUBERNETES_VERSION
from tools.offline.toolchain.go_build import build_binary


@dataclass(frozen=True)
class Programs:
    """Where the programs are."""

    kubernetes: Path
    """The one binary of every Kubernetes program; its first argument is the program's name."""
    pause: Path
    """The program of the image that holds a pod's network."""
    debian: DebianPrograms
    """containerd, runc, the network plugins, ipset."""


def ensure_programs(project_root: Path, progress: Progress) -> Programs:
    """Build and fetch what is missing.

    Raises `BootstrapError` when Go is missing, a build fails or a package cannot be fetched.
    """
    debian = ensure_debian_programs(progress)
    pause = build_binary(
        project_root / "tools" / "offline" / "images" / "pause", ".", "pause", lane="cluster", progress=progress
    )
    return Programs(kubernetes(project_root, progress), pause, debian)


def kubernetes(project_root: Path, progress: Progress) -> Path:
    """The one binary of every Kubernetes program, built from pinned modules."""
    major, minor, _ = KUBERNETES_VERSION.split(".")
    version = "k8s.io/component-base/version."
    return build_binary(
        project_root / "tools" / "offline" / "toolchain" / "kubernetes",
        ".",
        "kubernetes",
        variables={
            f"{version}gitVersion": f"v{KUBERNETES_VERSION}",
            f"{version}gitMajor": major,
            f"{version}gitMinor": minor,
        },
        title="Kubernetes",
        usually="7 min",
        lane="cluster",
        progress=progress,
    )
