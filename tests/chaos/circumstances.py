"""When, where and how a drill is run."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime

from tests.chaos.model import Drill
from tests.chaos.record import Circumstances
from tests.chaos.scene import REQUESTS_A_WRITE
from tools.gostack.environment.locations import PROJECT_ROOT


def circumstances(drill: Drill, rate: int | None) -> Circumstances:
    """Those of a run that has just ended."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    busy = os.getloadavg()[1]
    return Circumstances(
        time=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        revision=_revision(),
        load=_load(drill, rate),
        machine=f"{os.cpu_count()} cores and {memory:.0f} GiB, with a load average of {busy:.1f} (5 min)",
    )


def _load(drill: Drill, rate: int | None) -> str:
    plan = drill.load
    if not plan.protocols:
        return "No requests."
    told = f"{rate or plan.rate} requests a second over each of {' and '.join(plan.protocols)}"
    told += f", one in {REQUESTS_A_WRITE} a write"
    if plan.probe_rate:
        told += f"; {plan.probe_rate} a second to the service probe"
    return told + (f"; {plan.new_connections} a second on new connections." if plan.new_connections else ".")


def _revision() -> str:
    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
