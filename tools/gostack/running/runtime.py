"""Which runtime a stack has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.replica import Runtime

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
