"""Resources that hold data and are replaced or deleted."""

from __future__ import annotations

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.findings import Finding, because, cause_path
from tools.gostack.report.knowledge.stateful import STATEFUL_LABEL, stateful
from tools.gostack.report.place import Places, labels_of


def holds_data(change: Change) -> bool:
    """Whether the resource holds what no update brings back."""
    if not stateful(change.type):
        return False
    if change.type != "docker:index/volume:Volume":
        return True
    labels = labels_of(change.old or change.new)
    # Volumes of the stack's own parts hold what is made again: sockets, configuration, what other servers know.
    return STATEFUL_LABEL in labels or "gostack.stack" not in labels


def data_loss(stack: StackChanges, places: Places) -> list[Finding]:
    """Return a finding for each stateful or protected resource that is replaced or deleted."""
    findings: list[Finding] = []
    for change in stack.changes:
        if change.operation not in ("replace", "delete", "forget"):
            continue
        if change.protected or (holds_data(change) and change.operation != "forget"):
            sentence = _sentence(change, whole=removes_everything(stack))
            findings.append(places.finding("data loss", change, sentence, cause_path(change)))
    return findings


def _taken_over(change: Change) -> bool:
    """Whether the engine gives the old volume back for the new one: it does for one of the same name."""
    if change.operation != "replace" or change.type != "docker:index/volume:Volume":
        return False
    places = [(inputs.get("name"), inputs.get("driver")) for inputs in (change.old, change.new)]
    return places[0] == places[1] and isinstance(places[0][0], str)


def removes_everything(stack: StackChanges) -> bool:
    """Whether nothing of the stack is left afterwards."""
    return bool(stack.changes) and not stack.unchanged and all(item.operation == "delete" for item in stack.changes)


def _sentence(change: Change, *, whole: bool) -> str:
    verb = "is replaced" if change.operation == "replace" else "is deleted"
    sentence = f"{verb} because the whole stack is removed" if whole else f"{verb} {because(change)}"
    if change.retained:
        fate = "the old one is left where it is (retainOnDelete), out of the stack's hands"
        if _taken_over(change):
            fate = "it is left where it is (retainOnDelete), and a volume of the same name takes over what it holds"
        sentence += f"; {fate}"
    elif holds_data(change):
        sentence += ", and with it the data that it holds"
    if change.protected:
        sentence += "; it is protected, so the engine refuses until the protection is taken away"
    return sentence
