"""`gostack sh` and `gostack exec`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.programs import run
from tools.gostack.running.replica import RunningReplica, Runtime, check_names, chosen
from tools.gostack.running.runtime import runtime_of


@dataclass(frozen=True)
class Which:
    """Which replica of a service is meant."""

    service: str
    region: str | None = None
    """None for the first region, by name, in which one runs."""

    number: int | None = None
    """Number among those, from 0, in the order of their names; None for the first."""


def shell(workspace: Workspace, which: Which) -> int:
    """Run a shell in a container of its own that has the replica's processes and network, and return its exit code.

    The services' images have no shell. The program's files are under /proc/1/root on Docker and, on Kubernetes,
    under /proc/PID/root. Raises UserError.
    """
    runtime, replica = _found(workspace, which)
    print(f"{replica.name}: its processes and network, in a container that goes with this shell", file=sys.stderr)
    return run(runtime.debug(replica, tty=_tty()))


def execute(workspace: Workspace, which: Which, command: Sequence[str]) -> int:
    """Run a command of the image in the replica's own container, and return its exit code; raises UserError."""
    runtime, replica = _found(workspace, which)
    return run(runtime.exec(replica, command, tty=_tty()))


def _found(workspace: Workspace, which: Which) -> tuple[Runtime, RunningReplica]:
    check_names(workspace.settings, which.service, which.region)
    runtime = runtime_of(workspace)
    return runtime, chosen(runtime.replicas(), which.service, which.region, which.number)


def _tty() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
