"""What all formats for people share: the parts of a stack's report, in order, as plain lines with `code` in them."""

from __future__ import annotations

from dataclasses import dataclass

from tools.gostack.report.changes import Change
from tools.gostack.report.findings import RISKS, Finding, because, code
from tools.gostack.report.groups import Group
from tools.gostack.report.model import StackReport

TITLES = {"data loss": "Data loss", "downtime": "Downtime", "exposure": "Exposure", "cost": "Cost"}
_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "−", "import": "=", "forget": "−", "read": "?"}


@dataclass(frozen=True)
class Section:
    """A title and its lines."""

    title: str
    lines: tuple[str, ...]


def sections(item: StackReport) -> list[Section]:
    """Return what comes before the parts of the stack, empty sections left out."""
    decision, changes = item.decision, item.assessment.changes
    found = [
        Section("Blocked", tuple(decision.blocks)),
        *(Section(TITLES[risk], tuple(line(finding) for finding in item.findings(risk))) for risk in RISKS),
        Section("Allowed", decision.allowed),
        Section("Policy", tuple(f"{rule.policy}: {rule.message}" for rule in changes.violations if not rule.mandatory)),
        Section("Settings", item.assessment.settings),
        Section("Said by the engine", tuple(_one_line(text) for text in changes.warnings)),
        Section("Needed before it is deployed", (", ".join(decision.needs),) if decision.needs else ()),
    ]
    return [section for section in found if section.lines]


def line(finding: Finding) -> str:
    """Return a finding as one sentence."""
    # The memory of all containers together is no resource.
    return finding.sentence if finding.name == "memory" else f"{code(finding.name)} {finding.sentence}"


def resource(change: Change) -> str:
    """Return one resource and why it changes, short."""
    order = ", deleted first" if change.operation == "replace" and change.delete_first else ""
    why = ""
    if change.operation in ("replace", "update"):
        why = (
            f" {because(change)}"
            if not change.follows
            else " with what it stands on"
            if change.dependent
            else f" as {_followed(change)} follows"
        )
    return f"{_SIGNS.get(change.operation, ' ')} {code(change.name)} ({change.type.rsplit(':', 1)[-1]}){order}{why}"


def members(group: Group) -> list[tuple[str, list[Change]]]:
    """Return region to the resources of a part, components left out unless there is nothing else."""
    found: list[tuple[str, list[Change]]] = []
    for region, changes in group.members:
        made = [change for change in changes if change.custom] or list(changes)
        found.append((region, sorted(made, key=lambda change: (change.name, change.urn))))
    return found


def _followed(change: Change) -> str:
    paths = [code(difference.path) for difference in change.differences] or [code(key) for key in change.keys]
    return paths[0] if paths else "it"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
