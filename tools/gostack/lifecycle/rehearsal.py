"""Previews of a stack on AWS where no AWS plugin is to be had: a stand-in answers, and no account is touched."""

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
