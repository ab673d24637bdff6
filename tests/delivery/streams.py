"""The recorded previews, each as the report's code gets it."""

from __future__ import annotations

import datetime
import functools
import json
from pathlib import Path

from tools.gostack.gate.decision import decide
from tools.gostack.gate.environments import environment_of, load_environments
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Event, StackChanges, stack_changes
from tools.gostack.report.engine import parse_lines
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.recording import redacted
from tools.gostack.report.redaction import KnownSecrets, Redactor
from tools.gostack.report.setting_changes import compared
from tools.gostack.report.variable_names import with_names

FOLDER = Path(__file__).resolve().parent / "streams"
TODAY = datetime.date(2026, 11, 21)

CHANGES = (
    "image-bump",
    "scale",
    "new-service",
    "new-region",
    "route-change",
    "password-rotation",
    "mysql-setting",
    "volume-replaced",
    "network-cidr",
    "open-port",
    "canary-start",
    "destroy",
)
"""Changes that people make, each previewed by the engine on a stack that ran; see record.py."""


def events(name: str) -> list[Event]:
    return parse_lines((FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())


@functools.cache
def changes(name: str) -> StackChanges:
    names = json.loads((FOLDER / "variable-names.json").read_text(encoding="utf-8"))
    return with_names(stack_changes("report", events(name)), names)


@functools.cache
def assessment(name: str) -> Assessment:
    """A preview as it is kept: redacted, with the settings that its author changed."""
    settings = FOLDER / f"{name}.yaml"
    earlier = (FOLDER / "base.yaml").read_text(encoding="utf-8")
    said = compared(earlier, settings.read_text(encoding="utf-8")) if settings.is_file() else ()
    return redacted(Assessment.of(changes(name), said), Redactor(KnownSecrets(frozenset())))


def report(*names: str) -> Report:
    environments = load_environments()
    items: list[StackReport] = []
    for name in names:
        looked_at = assessment(name)
        environment = environment_of(looked_at.changes.stack, environments)
        items.append(StackReport(looked_at, decide(looked_at, environment, [], TODAY)))
    return Report(tuple(items))
