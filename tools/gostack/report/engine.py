"""What the engine would do, as it says so itself: the event stream of a preview, of a destroy and of a refresh.

The stream of events carries more than the digest of `pulumi preview --json`: every unchanged resource too, violations
of policies, and the order in which a replacement is deleted and created.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tools.gostack.documents import is_mapping
from tools.gostack.lifecycle.removals import refuse_removal_of_regions, refuse_removal_of_stack
from tools.gostack.lifecycle.rows import refuse_lost_rows
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.report.changes import Event

Subject = Literal["update", "destroy", "refresh"]
"""What is looked at: an update of the stack, its removal, or what changed outside of Pulumi."""

_COMMANDS: dict[Subject, tuple[str, ...]] = {
    "update": ("preview", "--json"),
    "destroy": ("destroy", "--preview-only", "--json"),
    "refresh": ("refresh", "--preview-only", "--json"),
}


@dataclass(frozen=True)
class Stream:
    """The events of one look at a stack."""

    events: tuple[Event, ...]
    """In the order of the engine."""

    code: int
    """Exit code of the command."""

    words: str
    """What the command said beside its events; holds the reason when there are none."""


def look(workspace: Workspace, subject: Subject = "update", arguments: Sequence[str] = ()) -> Stream:
    """Return what the engine would do; nothing is changed, and the state is not locked.

    Raises SettingsError when something protected would be removed with its region, PulumiError when the command cannot
    start, or ends before it says anything in events.
    """
    workspace.prepare()
    if subject == "update":
        refuse_removal_of_regions(workspace)
        refuse_lost_rows(workspace, workspace.state())
    if subject == "destroy":
        refuse_removal_of_stack(workspace)
    result = subprocess.run(
        [
            workspace.command,
            *_COMMANDS[subject],
            "--non-interactive",
            "--stack",
            workspace.stack,
            "--config-file",
            str(workspace.configuration_file),
            *arguments,
        ],
        cwd=workspace.project,
        # Without it a preview gives a digest at its end, which lacks what is written above.
        env={**workspace.variables, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    events = tuple(parse_lines(result.stdout.splitlines()))
    words = result.stderr.strip()
    if not events:
        raise PulumiError(
            words.removeprefix("error: ") or f"pulumi {subject} said nothing (exit code {result.returncode})"
        )
    return Stream(events, result.returncode, words)


def parse_lines(lines: Iterable[str]) -> list[Event]:
    """Return the events in lines of JSON; other lines, such as warnings of the command, are passed over."""
    events: list[Event] = []
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            event: object = json.loads(line)
        except ValueError:
            continue
        if is_mapping(event) and "sequence" in event:
            events.append(dict(event))
    return events
