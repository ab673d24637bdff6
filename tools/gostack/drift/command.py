"""`gostack drift`: names what was changed outside of Pulumi, and says by its exit code whether there is anything."""

from __future__ import annotations

import json
import sys

from tools.gostack.drift.docker_objects import docker_drift
from tools.gostack.drift.model import Drift
from tools.gostack.drift.refreshed import refreshed, refusals
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.report.engine import look
from tools.gostack.report.recording import known_secrets
from tools.gostack.report.redaction import Redactor

DRIFTED = 5
"""Exit code when something is not as the last update left it."""


def find_drift(workspace: Workspace) -> list[Drift]:
    """Return everything that is not as the last update left it; changes nothing.

    Raises PulumiError when the stack is not deployed, or when the engine cannot look.
    """
    settings = workspace.settings
    workspace.prepare()
    state = workspace.state()
    if not state.get("resources"):
        raise PulumiError(f"the stack {workspace.stack} is not deployed: there is nothing that could have changed.")
    stream = look(workspace, "refresh")
    refused = refusals(stream.events)
    if refused or stream.code != 0:
        raise PulumiError(f"the state could not be compared: {(refused or [stream.words])[0]}")
    found = refreshed(stream.events)
    if settings.platform == "docker":
        found += docker_drift(state, StackObjects.of(workspace.stack, workspace.variables))
    return sorted(set(found))


def drift(workspace: Workspace, *, as_json: bool = False) -> int:
    """Tell of each difference and return the exit code: 0 none, 5 some."""
    found = find_drift(workspace)
    redactor = Redactor(known_secrets(workspace))
    if as_json:
        print(json.dumps([redactor.value(dict(item.__dict__)) for item in found], indent=2, ensure_ascii=False))
    else:
        for item in found:
            print(redactor.text(str(item)))
    if not found:
        print(f"{workspace.stack}: everything is as the last update left it", file=sys.stderr)
        return 0
    number = f"{len(found)} difference{'' if len(found) == 1 else 's'}"
    print(
        f"{workspace.stack}: {number}; `make up STACK={workspace.stack}` repairs them and nothing else", file=sys.stderr
    )
    return DRIFTED
