"""The updates of a stack as Pulumi keeps them, and the stack file's own history."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.settings import SettingsError
from infra.settings.stack_file import read_text
from tools.gostack.documents import mapping, mappings
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.releases.model import COMMITTED, SUCCEEDED, Release

MOST_UPDATES = 200
"""Updates that are looked at, the newest."""

MOST_COMMITS = 100
"""Commits of the stack file that are looked at, the newest."""

_STACK = "pulumi:pulumi:Stack"
_FIELDS = "%H%x1f%an%x1f%aI%x1f%s"


def updates(workspace: Workspace) -> list[Release]:
    """Return, oldest first, what each update of the stack gave to each of its services."""
    entries = _entries(workspace)
    kept = _history(workspace, "checkpoint")[-len(entries) :] if entries else []
    # A state that was moved has checkpoints of its own alone: then nobody can say which belongs to which.
    pairs = zip(entries, kept if len(kept) == len(entries) else [None] * len(entries), strict=True)
    # Those before them, where the backend is a folder; Pulumi's own service counts for itself.
    earlier = max(0, len(_history(workspace, "history")) - len(entries))
    found: list[Release] = []
    for position, (entry, checkpoint) in enumerate(pairs, earlier + 1):
        if entry.get("kind") == "update":
            found += _released(position, entry, checkpoint)
    return found


def deployed_commit(workspace: Workspace) -> str:
    """Return the commit from which the stack was updated last; empty where that failed, where files differed from the
    commit, and when nobody knows."""
    for entry in reversed(_entries(workspace)):
        if entry.get("kind") == "update":
            environment = mapping(entry.get("environment"))
            known = entry.get("result") == SUCCEEDED and environment.get("git.dirty") != "true"
            return str(environment.get("git.head", "")) if known else ""
    return ""


def _entries(workspace: Workspace) -> Sequence[Mapping[str, Any]]:
    """What Pulumi tells of the updates, oldest first."""
    try:
        text = workspace.capture(
            "stack", "history", "--json", "--page-size", str(MOST_UPDATES), "--stack", workspace.stack
        )
    except PulumiError:
        # No stack yet, or no Pulumi: the stack file's own history is there.
        return []
    return mappings(json.loads(text or "null"))[::-1]


def _history(workspace: Workspace, kind: str) -> list[Path]:
    """What each update left, its `history` or its `checkpoint`, which is the state after it: oldest first, and nothing
    where the backend is no folder of this machine."""
    folder = workspace.backend_folder
    if folder is None:
        return []
    # Their names end with the time in nanoseconds.
    return sorted(folder.glob(f".pulumi/history/*/{workspace.stack}/{workspace.stack}-*.{kind}.json"))


def _released(position: int, entry: Mapping[str, Any], checkpoint: Path | None) -> Iterator[Release]:
    environment = mapping(entry.get("environment"))
    # Only Pulumi's own service counts them.
    number = int(entry.get("version") or position)
    deployed = _deployed(checkpoint)
    # Pulumi masks all services when one of them has a secret.
    services = _services(entry)
    for service in sorted(services.keys() | deployed.keys()):
        image = mapping(services.get(service)).get("image")
        if entry.get("result") == SUCCEEDED:
            # Otherwise the outputs are those of the last update that ended well.
            image = mapping(deployed.get(service)).get("image") or image
        yield Release(
            number=number,
            service=service,
            image=str(image or ""),
            time=str(entry.get("startTime", "")),
            who=str(environment.get("git.committer", "")),
            commit=str(environment.get("git.head", "")),
            changed=environment.get("git.dirty") == "true",
            message=str(entry.get("message", "")),
            result=str(entry.get("result", "")),
        )


def _services(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    value = mapping(mapping(entry.get("config")).get("gostack:services"))
    return mapping(value.get("objectValue"))


def _deployed(checkpoint: Path | None) -> Mapping[str, Any]:
    """The output `services` of a state; nothing of one that is not there."""
    if checkpoint is None:
        return {}
    try:
        document = mapping(json.loads(checkpoint.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
    latest = mapping(mapping(document.get("checkpoint")).get("latest"))
    for resource in mappings(latest.get("resources")):
        if resource.get("type") == _STACK:
            return mapping(mapping(resource.get("outputs")).get("services"))
    return {}


def committed(workspace: Workspace) -> list[Release]:
    """Return, oldest first, the images that the stack file named for its services, from its git log."""
    file = workspace.stack_file
    # Ended by NUL: a message may hold whatever else ends a line.
    log = _git(file.parent, "log", "-z", f"--max-count={MOST_COMMITS}", f"--format={_FIELDS}", "--", file.name)
    found: list[Release] = []
    for entry in reversed(log.split("\0")[:-1]):
        commit, who, time, message = entry.split("\x1f", 3)
        try:
            document = read_text(_git(file.parent, "show", f"{commit}:./{file.name}"), file.name)
        except SettingsError:
            # A file that was wrong at that time released nothing.
            continue
        for service, settings in sorted(mapping(mapping(document.get("config")).get("gostack:services")).items()):
            image = mapping(settings).get("image")
            if image:
                found.append(Release(None, service, str(image), time, who, commit, False, message, COMMITTED))
    return found


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; empty where it fails, as outside of a repository."""
    result = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else ""
