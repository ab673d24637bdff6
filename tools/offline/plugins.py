"""Which of our own providers answers where a plugin of Pulumi cannot be fetched and nobody has installed it.

That for Kubernetes applies to the real cluster. That for AWS answers previews alone, and says so: no account is
touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from infra.settings.stack_file import read_stack_file

PLUGIN = "pulumi-resource-aws"
NOTICE = (
    "rehearsal: there is no AWS plugin on this machine, so a stand-in answers (tools/offline/providers/aws). "
    "No AWS account is touched; what only an account can tell, this does not."
)


def rehearsal(project: Path, stack_file: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that let a preview of this stack use the stand-in; none when it needs none or has the real one."""
    if not _is_on_aws(stack_file) or _has_plugin(variables):
        return {}
    folder = project / "tools" / "offline" / "providers" / "aws" / "plugin"
    return {"PATH": f"{folder}{os.pathsep}{variables.get('PATH', '')}"}


def _is_on_aws(stack_file: Path) -> bool:
    return "gostack:aws" in (read_stack_file(stack_file).get("config") or {})


def _has_plugin(variables: Mapping[str, str]) -> bool:
    """Whether the engine finds the real plugin, or fetches it."""
    if variables.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION") != "true":
        return True
    store = Path(variables.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    return bool(shutil.which(PLUGIN, path=variables.get("PATH", ""))) or any(store.glob("resource-aws-v*"))


def stand_in_plugins(project_root: Path, plugins: Path, path: str) -> list[Path]:
    """The folders with the project's own plugins, for those that no registry here has and nobody has installed."""
    stand_ins = sorted((project_root / "tools" / "offline" / "providers").glob("*/bin/pulumi-resource-*"))
    return [
        plugin.parent
        for plugin in stand_ins
        if not list(plugins.glob(f"{plugin.name.removeprefix('pulumi-')}-v*")) and not _installed(plugin, path)
    ]


def _installed(stand_in: Path, path: str) -> bool:
    """Whether PATH has the real plugin; a stand-in, of this or another checkout, is none."""
    own = Path(*stand_in.parts[-6:])
    found = (Path(folder) / stand_in.name for folder in path.split(os.pathsep) if folder)
    return any(plugin.is_file() and Path(*plugin.parts[-6:]) != own for plugin in found)
