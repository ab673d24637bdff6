"""Go programs that tests, linters and releases use, each built from its pinned module."""

from __future__ import annotations

from pathlib import Path

from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.go_build import build_binary

_SOURCES = Path("tools") / "offline" / "toolchain"


def staticcheck(project_root: Path, progress: Progress) -> Path:
    """The static analyser of Go code, built from its pinned module."""
    return build_binary(
        project_root / _SOURCES / "staticcheck",
        "honnef.co/go/tools/cmd/staticcheck",
        "staticcheck",
        title="staticcheck",
        usually="30 s",
        progress=progress,
    )


def actionlint(project_root: Path, progress: Progress) -> Path:
    """The static analyser of workflows (https://github.com/rhysd/actionlint), built from its pinned module."""
    return build_binary(
        project_root / _SOURCES / "actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        "actionlint",
        title="actionlint",
        usually="20 s",
        progress=progress,
    )


def crane(project_root: Path, progress: Progress) -> Path:
    """The program that copies images between registries, built from its pinned module."""
    return build_binary(
        project_root / _SOURCES / "crane",
        "github.com/google/go-containerregistry/cmd/crane",
        "crane",
        title="crane",
        usually="30 s",
        progress=progress,
    )


def vegeta(project_root: Path, progress: Progress) -> Path:
    """The load generator of tests and drills (https://github.com/tsenart/vegeta), built from its pinned module."""
    return build_binary(
        project_root / _SOURCES / "vegeta",
        "github.com/tsenart/vegeta/v12",
        "vegeta",
        title="vegeta",
        usually="30 s",
        progress=progress,
    )


def kube_score(project_root: Path, progress: Progress) -> Path:
    """The analyser of Kubernetes objects (https://github.com/zegl/kube-score), built from its pinned module."""
    return build_binary(
        project_root / _SOURCES / "kube-score",
        "github.com/zegl/kube-score/cmd/kube-score",
        "kube-score",
        title="kube-score",
        usually="1 min",
        progress=progress,
    )
