"""`gostack stack list`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.settings import SettingsError, load_stack_file
from tools.gostack.documents import mapping, mappings
from tools.gostack.lifecycle.workspace import PulumiError, Workspace


@dataclass(frozen=True)
class ListedStack:
    """A stack file, and what the state says of its stack."""

    name: str
    platform: str
    """`docker`, `kubernetes` or `aws`; empty where the file is wrong."""

    entry: str
    """URL of the first region's ingress."""

    resources: int
    """Resources in the state; 0 for a stack that is not up, or whose backend does not answer."""

    updated: str
    """Last update, in UTC; empty when there was none."""

    problem: str
    """What is wrong with its file; empty when nothing is."""


def list_stacks(project: Path, *, as_json: bool) -> int:
    """Print every stack file of a checkout with what runs of it, and return 0."""
    found = stacks(project)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return 0
    for one in found:
        state = f"{one.resources} resources, {one.updated}" if one.resources else "not up"
        print(f"{one.name:<16} {one.platform or '?':<11} {one.entry or '-':<34} {one.problem or state}")
    return 0


def stacks(project: Path) -> list[ListedStack]:
    """Return the stacks of a checkout by name."""
    names = sorted(file.name.split(".")[1] for file in project.glob("Pulumi.*.yaml"))
    return [_listed(project, name) for name in names]


def _listed(project: Path, name: str) -> ListedStack:
    workspace = Workspace(project, name)
    try:
        settings = load_stack_file(workspace.stack_file, project)
    except SettingsError as error:
        return ListedStack(name, "", "", 0, "", str(error))
    port = settings.regions[settings.ordered_regions()[0]].https_port
    entry = f"https://{settings.ingress.hosts[0]}{'' if port == 443 else f':{port}'}"
    platform = "aws" if settings.aws is not None else settings.platform
    known = next((one for one in _states(workspace) if str(one["name"]).split("/")[-1] == name), mapping(None))
    updated = str(known.get("lastUpdate") or "")
    return ListedStack(name, platform, entry, int(known.get("resourceCount") or 0), updated, "")


def _states(workspace: Workspace) -> list[Mapping[str, Any]]:
    # Each stack may have a backend of its own, which its variables name.
    try:
        return mappings(json.loads(workspace.capture("stack", "ls", "--json")))
    except PulumiError:
        return []
