"""Go programs that tests, linters and releases use, each built from its pinned module when it is first asked for.

Each takes the project's folder and where progress is shown, and returns the path of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.go_build import build_binary

_SOURCES = Path("tools") / "offline" / "toolchain"


def _program(name: str, package: str, usually: str, module: str = "") -> Callable[[Path, Progress], Path]:
    def built(project_root: Path, progress: Progress) -> Path:
        folder = project_root / _SOURCES / (module or name)
        return build_binary(folder, package, name, title=name, usually=usually, progress=progress)

    return built


staticcheck = _program("staticcheck", "honnef.co/go/tools/cmd/staticcheck", "30 s")
"""The static analyser of Go code."""

actionlint = _program("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "20 s")
"""The static analyser of workflows."""

crane = _program("crane", "github.com/google/go-containerregistry/cmd/crane", "30 s")
"""Copies images between registries."""

vegeta = _program("vegeta", "github.com/tsenart/vegeta/v12", "30 s")
"""The load generator of tests and drills."""

kube_score = _program("kube-score", "github.com/zegl/kube-score/cmd/kube-score", "1 min")
"""The analyser of Kubernetes objects."""

vmalert_tool = _program("vmalert-tool", "github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert-tool", "1 min")
"""Runs the unit tests of alerting and recording rules."""

syft = _program("syft", "github.com/anchore/syft/cmd/syft", "4 min", module="grype")
"""Lists what is in an image."""

grype = _program("grype", "github.com/anchore/grype/cmd/grype", "2 min", module="grype")
"""Searches what is in an image for known vulnerabilities."""

cosign = _program("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "4 min")
"""Signs images and verifies their signatures."""

delve = _program("dlv", "github.com/go-delve/delve/cmd/dlv", "30 s", module="delve")
"""The debugger of Go programs."""

docker_compose = _program("docker-compose", "github.com/docker/compose/v2/cmd", "3 min")
"""Starts containers from one file: what `make bench` compares with."""
