"""What changes the bill, or the memory that a machine must have."""

from __future__ import annotations

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.docker_roles import CONTAINER, role
from tools.gostack.report.findings import Finding, because
from tools.gostack.report.knowledge.cost import COST_PATHS, COST_PROPERTIES, COSTLY
from tools.gostack.report.place import Places


def cost(stack: StackChanges, places: Places) -> list[Finding]:
    """Return a finding for each resource whose price changes, and one for the memory of an engine's containers."""
    findings = [finding for change in stack.changes if (finding := _paid(change, places)) is not None]
    memory = _memory(stack)
    return [*findings, *([memory] if memory is not None else [])]


def _paid(change: Change, places: Places) -> Finding | None:
    if change.type in COSTLY and change.operation in ("create", "delete"):
        sentence = "is new and is paid for" if change.operation == "create" else "is deleted and no longer paid for"
        return places.finding("cost", change, sentence)
    if change.operation not in ("update", "replace"):
        return None
    for difference in change.differences:
        watched = COST_PROPERTIES.get(change.type, ())
        if not any(difference.path == path or difference.path.startswith((f"{path}.", f"{path}[")) for path in watched):
            continue
        if "containers" in difference.path and not any(word in difference.path for word in COST_PATHS):
            continue
        return places.finding("cost", change, f"costs another amount {because(change, difference)}", difference.path)
    return None


def _memory(stack: StackChanges) -> Finding | None:
    """Memory limits of the containers that stay; those of jobs are free again."""
    before = after = containers = 0
    for change in stack.changes:
        if change.type != CONTAINER or role(change) in ("job", ""):
            continue
        before += int(change.old.get("memory") or 0)
        after += int(change.new.get("memory") or 0)
        containers += (change.operation == "create") - (change.operation == "delete")
    if before == after:
        return None
    count = f"{containers:+d} containers" if containers else "the same containers"
    urn = next((change.urn for change in stack.changes if change.type == CONTAINER), "")
    return Finding(
        "cost", urn, "memory", f"`memory` of the machine's containers: {after - before:+d} MiB ({count})", "memory"
    )
