"""What a drill needs beside the stack's own programs."""

from __future__ import annotations

from pathlib import Path

from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.go_build import build_binary


def packet_delay(project_root: Path, progress: Progress) -> Path:
    """The drills' program that delays and drops the packets of one network namespace."""
    return build_binary(
        project_root / "tests" / "chaos" / "packet_delay",
        ".",
        "packet-delay",
        title="packet-delay",
        usually="10 s",
        progress=progress,
    )
