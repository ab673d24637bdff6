"""`preview`, `report`, `comment` and `gate`: the steps of a pipeline, each of which runs on any machine."""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.gostack.documents import mapping, write_or_print
from tools.gostack.environment.locations import state_folder
from tools.gostack.gate.allow import load_allow_entries
from tools.gostack.gate.decision import BLOCKED, OPEN, WAITING, Evidence, decide, judge
from tools.gostack.gate.environments import environment_of, load_environments
from tools.gostack.github.client import GitHub
from tools.gostack.github.comment import put_comment
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.engine import Subject
from tools.gostack.report.error_sentence import sentence_of
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.recording import load, record, save
from tools.gostack.report.redaction import KnownSecrets, Redactor
from tools.gostack.report.render import FORMATS

PREVIEW_FAILED = 1
"""Exit code of `preview` when the engine refuses the change; what it says is recorded all the same."""


def folder(project: Path) -> Path:
    """Where recordings are kept when nothing else is said; outside of version control."""
    return state_folder(project) / "previews"


def preview(
    workspace: Workspace, place: Path, *, subject: Subject, base: str | None, arguments: Sequence[str] = ()
) -> int:
    """Preview one stack and keep what the engine says; return the exit code."""
    recording = record(workspace, subject=subject, base=base, arguments=arguments)
    file = place / f"{workspace.stack}.json"
    save(recording, file)
    if recording.changes.errors:
        print(f"{workspace.stack}: the engine refuses: {sentence_of(recording.changes.errors[0])}", file=sys.stderr)
        return PREVIEW_FAILED
    print(f"{workspace.stack}: {len(recording.changes.changes)} resources change", file=sys.stderr)
    return 0


def report(place: Path, stacks: Sequence[str], *, kind: str, output: Path | None, today: datetime.date) -> int:
    """Write the report of the recordings in a folder and return the exit code."""
    made = make_report(place, stacks, today)
    text = FORMATS[kind](made)
    # The recordings hold no secret that the state knows; what looks like one is hidden here once more.
    text = Redactor(KnownSecrets(frozenset())).text(text)
    write_or_print(text, output)
    return 0


def make_report(place: Path, stacks: Sequence[str], today: datetime.date) -> Report:
    """Judge the recordings in a folder; raises PulumiError or GateError."""
    environments, entries = load_environments(), load_allow_entries()
    items: list[StackReport] = []
    for recording in recordings(place, stacks):
        environment = environment_of(recording.changes.stack, environments, recording.packages)
        items.append(StackReport(recording, decide(recording, environment, entries, today)))
    return Report(tuple(items))


def comment(file: Path, pull_request: int) -> int:
    """Put a report into the comment of a pull request and return the exit code."""
    outcome = put_comment(GitHub.of(), pull_request, file.read_text(encoding="utf-8"))
    print(f"the comment of pull request {pull_request} is {outcome}")
    return 0


def gate(
    place: Path,
    stacks: Sequence[str],
    *,
    evidence: Evidence,
    today: datetime.date,
    deployed: Sequence[str] | None = None,
) -> int:
    """Say whether the recorded changes may go on and return 0, 3 (something is missing) or 4 (blocked).

    Stacks of `deployed` must have a recording, and so must dev, which needs none to be deployed; without `deployed`,
    every one must. What was not previewed is told.
    """
    environments = load_environments()
    worst = OPEN
    if deployed is not None:
        for stack in (stack for stack in stacks if stack not in {"dev", *deployed}):
            notice(f"{stack}: not previewed and not judged: DEPLOYED_STACKS does not name it")
        stacks = [stack for stack in stacks if stack in {"dev", *deployed}]
    for item in make_report(place, stacks, today).stacks:
        environment = environment_of(item.stack, environments, item.assessment.packages)
        code, reasons = judge(item.assessment, environment, item.decision, evidence)
        word = {OPEN: "open", WAITING: "waiting", BLOCKED: "blocked"}[code]
        for reason in reasons:
            print(f"{item.stack}: {word}: {reason}", file=sys.stdout if code == OPEN else sys.stderr)
        for reason in item.decision.allowed:
            print(f"{item.stack}: allowed: {reason}")
        worst = max(worst, code)
    return worst


def notice(text: str) -> None:
    """Tell something that must be seen; on GitHub it stands at the top of the run."""
    print(f"::warning::{text}" if os.environ.get("GITHUB_ACTIONS") == "true" else text)


def recordings(place: Path, stacks: Sequence[str]) -> list[Assessment]:
    """Return the recordings of these stacks, or of all in the folder, in the order in which environments follow."""
    if stacks:
        found = [load(place / f"{stack}.json") for stack in stacks]
        for stack, recording in zip(stacks, found, strict=True):
            # Another name would be judged by another environment's rules.
            if recording.changes.stack != stack:
                raise PulumiError(f"{stack}.json is a recording of {recording.changes.stack}: preview the stack again.")
        return found
    order = list(load_environments())
    files = sorted(
        place.glob("*.json"), key=lambda file: (order.index(file.stem) if file.stem in order else -1, file.stem)
    )
    if not files:
        raise PulumiError(f"there is no recording in {place.name}: run `gostack record` first.")
    return [load(file) for file in files]


def pull_request_of(event_file: Path) -> int | None:
    """Return the number of the pull request that an event of GitHub is about; None for another event."""
    try:
        event: object = json.loads(event_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    number = mapping(mapping(event).get("pull_request")).get("number")
    return int(number) if number is not None else None
