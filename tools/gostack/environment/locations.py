"""Where the bootstrap keeps its files: a cache shared by every checkout, and a state folder of each checkout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]


def cache_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """The folder of built tools, shared by every checkout of this user; safe to delete at any time."""
    configured = variables.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative value is invalid and has to be ignored.
    base = Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"
    return base / "gostack"


def stack_names(project_root: Path) -> list[str]:
    """The stacks that have a file, `Pulumi.<stack>.yaml`, sorted."""
    files = project_root.glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def state_folder(project_root: Path) -> Path:
    """The ignored folder of one checkout: Pulumi's state and the passphrase. Losing it loses the dev stack."""
    return project_root / ".gostack"
