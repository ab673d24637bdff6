"""One cluster on a machine, of one checkout: who has it is written down where every checkout looks."""

from __future__ import annotations

import json
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.layout import Folders
from tools.offline.cluster.processes import Processes


def owner(folders: Folders) -> Path | None:
    """The checkout that the cluster on this machine belongs to, whether it runs or was left behind."""
    try:
        return Path(json.loads((folders.run / "owner.json").read_text())["checkout"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def claim(folders: Folders) -> None:
    """Write down that the cluster is this checkout's."""
    folders.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folders.run / "owner.json").write_text(json.dumps({"checkout": str(folders.project)}))


def refuse_foreign(folders: Folders) -> None:
    """Raise `BootstrapError` when a cluster of another checkout runs."""
    other = owner(folders)
    if other is None or other == folders.project:
        return
    if any(process.alive() for process in Processes(folders).known()):
        kubeconfig = Folders(other).kubeconfig
        raise BootstrapError(
            f"The cluster of another checkout runs on this machine: use it (kubeconfig {kubeconfig}), "
            f"or stop it with `make -C {other} cluster-down`."
        )
