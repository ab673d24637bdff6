"""`gostack stack list`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.settings import Settings, SettingsError, load_stack_file
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.locations import stack_names
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
    read = {name: _read(project, name) for name in stack_names(project)}
    # All have one backend, which knows the project's stacks; Pulumi is in reach of those whose file can be read.
    asked = next((name for name, settings in read.items() if isinstance(settings, Settings)), None)
    states = _states(Workspace(project, asked)) if asked is not None else {}
    return [_listed(name, settings, mapping(states.get(name))) for name, settings in read.items()]


def _read(project: Path, name: str) -> Settings | SettingsError:
    try:
        return load_stack_file(project / f"Pulumi.{name}.yaml", project)
    except SettingsError as error:
        return error


def _listed(name: str, settings: Settings | SettingsError, known: Mapping[str, Any]) -> ListedStack:
    if isinstance(settings, SettingsError):
        return ListedStack(name, "", "", 0, "", str(settings))
    port = settings.regions[settings.ordered_regions()[0]].https_port
    entry = f"https://{settings.ingress.hosts[0]}{'' if port == 443 else f':{port}'}"
    platform = "aws" if settings.aws is not None else settings.platform
    updated = str(known.get("lastUpdate") or "")
    return ListedStack(name, platform, entry, int(known.get("resourceCount") or 0), updated, "")


def _states(workspace: Workspace) -> dict[str, Mapping[str, Any]]:
    """What the backend says of each of the project's stacks; nothing when it does not answer."""
    try:
        listed = mappings(json.loads(workspace.capture("stack", "ls", "--json")))
    except PulumiError:
        return {}
    return {str(one["name"]).split("/")[-1]: one for one in listed}
