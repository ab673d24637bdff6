"""kubectl, for what takes more than a question to the API server."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.settings import Settings
from tools.gostack.environment.errors import UserError


def kubectl(settings: Settings, project: Path, namespace: str, what: str, *arguments: str) -> list[str]:
    """Return the command for a namespace of the cluster that the settings name; `what` says what it is needed for.

    Raises UserError where there is no kubectl.
    """
    if shutil.which("kubectl") is None:
        raise UserError(f"{what} takes kubectl, which is not on PATH: install it.")
    access = settings.cluster()
    chosen = ["--kubeconfig", str(project / access.kubeconfig), "--context", access.context]
    return ["kubectl", *chosen, "--namespace", namespace, *arguments]
