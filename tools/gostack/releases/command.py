"""`gostack releases`: who released what, when and from which commit, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from infra.settings import require_service
from tools.gostack.columns import aligned
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.releases.history import committed, updates
from tools.gostack.releases.model import COMMITTED, SUCCEEDED, Release, changes


def releases(workspace: Workspace, service: str | None = None, *, as_json: bool = False) -> int:
    """Print the releases of a service, or of all, newest first, and return 0; raises SettingsError."""
    found = releases_of(workspace, service)[::-1]
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        print(as_text(found) if found else f"the stack {workspace.stack} has released nothing yet: run `make up`")
    return 0


def releases_of(workspace: Workspace, service: str | None) -> list[Release]:
    """Return the releases of a service, or of all, oldest first; raises SettingsError for one that there is not."""
    released = updates_of(workspace, service)
    known = {(one.service, one.image) for one in released}
    # As if each had succeeded, so that an image that stayed is told once.
    written = changes(replace(one, result=SUCCEEDED) for one in committed(workspace))
    wanted = [one for one in written if service in (None, one.service) and (one.service, one.image) not in known]
    return sorted([*(replace(one, result=COMMITTED) for one in wanted), *released], key=lambda one: _instant(one.time))


def updates_of(workspace: Workspace, service: str | None) -> list[Release]:
    """Return of these releases those that updates of this stack made, which alone have a number."""
    if service is not None:
        require_service(workspace.settings, service)
    return [one for one in changes(updates(workspace)) if service in (None, one.service)]


def as_text(found: Sequence[Release]) -> str:
    """Return a table without colours."""
    rows = [("no.", "service", "time", "who", "commit", "result", "image", "")]
    rows += [
        (
            str(one.number or "-"),
            one.service,
            one.time[:16].replace("T", " "),
            one.who or "-",
            (one.commit[:9] or "-") + ("+" if one.changed else ""),
            one.result,
            one.image or "(not known)",
            one.message,
        )
        for one in found
    ]
    return "\n".join(aligned(rows))


def _instant(time: str) -> str:
    # git writes its own time zone, Pulumi UTC.
    try:
        return datetime.fromisoformat(time).astimezone(UTC).isoformat()
    except ValueError:
        return time
