"""Which runtime a stack has, and programs that run in it with this terminal as theirs."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.replica import Program, Runtime

if TYPE_CHECKING:
    from infra.settings import Settings


def runtime_of(workspace: Workspace) -> Runtime:
    """Return what the stack runs on; raises UserError where its clusters are not known to this machine."""
    settings = workspace.settings
    refuse_aws(settings, workspace.stack)
    if settings.platform == "kubernetes":
        from tools.gostack.running.kubernetes import KubernetesRuntime

        return KubernetesRuntime(workspace)
    from tools.gostack.running.docker import DockerRuntime

    return DockerRuntime(workspace)


def refuse_aws(settings: Settings, stack: str) -> None:
    """Raise UserError for a stack that makes its clusters itself."""
    if settings.aws is not None:
        raise UserError(f"{stack} is on AWS, in a cluster a region: use kubectl with `aws eks update-kubeconfig`.")


def run(program: Program, text: bytes | None = None) -> int:
    """Run a program with this terminal, or with `text` as its input, and return its exit code."""
    # Ctrl-C is for the program inside: it decides whether it ends.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(
            program.command,
            input=text,
            env={**os.environ, **program.variables},
            check=False,
            preexec_fn=_default_interrupt,
        ).returncode
    except FileNotFoundError:
        raise UserError(f"there is no command `{program.command[0]}` on PATH: install it.") from None
    finally:
        signal.signal(signal.SIGINT, before)


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
