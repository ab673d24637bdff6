"""What answers clients and is away for a time: deleted before its successor is there, or restarted in place."""

from __future__ import annotations

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.data_loss import removes_everything
from tools.gostack.report.docker_downtime import away, member_away
from tools.gostack.report.docker_roles import NETWORK, Shape, goes_first, role
from tools.gostack.report.findings import Finding, because, cause_path
from tools.gostack.report.knowledge.serving import RESTARTS, SERVING
from tools.gostack.report.place import Places, labels_of


def downtime(stack: StackChanges, places: Places) -> list[Finding]:
    """Return a finding for each cause of a time in which something is away that clients notice."""
    return [
        *_docker(stack, places),
        *_elsewhere(stack, places),
        *_restarted(stack, places),
        *_stateful_pods(stack, places),
    ]


def _docker(stack: StackChanges, places: Places) -> list[Finding]:
    shape = Shape(stack, places)
    gone = [
        change
        for change in stack.changes
        if goes_first(change) and (role(change) or change.type == NETWORK or change.type.endswith("volume:Volume"))
    ]
    if removes_everything(stack) and gone:
        regions = ", ".join(sorted({region for change in gone if (region := places.of(change).region)})) or "none"
        sentence = f"is removed as a whole, with its regions {regions}: nobody is answered any more"
        urn = next((change.urn for change in stack.changes if change.type == "pulumi:pulumi:Stack"), "")
        return [Finding("downtime", urn, stack.stack, sentence, affects=tuple(change.urn for change in gone))]
    findings: list[Finding] = []
    for cause, affected in _by_cause(gone, places).items():
        root = next(change for change in gone if change.urn == cause)
        noticed = away(shape, affected)
        if not noticed:
            continue
        findings.append(places.finding("downtime", root, f"{_how(root)}: {noticed}", cause_path(root), affected))
    return findings


def _by_cause(gone: list[Change], places: Places) -> dict[str, list[Change]]:
    """Return the URN of each cause to what is away because of it, itself first."""
    found: dict[str, list[Change]] = {}
    causes = [change for change in gone if change.operation == "replace" and not change.follows]
    for change in causes:
        found[change.urn] = [change]
    for change in gone:
        if change.operation == "delete":
            # What a component no longer has goes together.
            first = next(
                (
                    item
                    for item in gone
                    if item.operation == "delete" and places.of(item).component == places.of(change).component
                ),
                change,
            )
            found.setdefault(first.urn, [])
            found[first.urn].append(change)
        elif change.follows:
            root = _cause_of(change, causes, places)
            found.setdefault(root.urn, [root] if root is not change else []).append(change)
    return found


def _cause_of(change: Change, causes: list[Change], places: Places) -> Change:
    place = places.of(change)
    near = [item for item in causes if places.of(item).component == place.component]
    near = [item for item in near if places.of(item).region == place.region] or near
    near = near or [item for item in causes if places.of(item).region == place.region]
    # A network takes everything in it along.
    near.sort(key=lambda item: (item.type != NETWORK, item.urn))
    return near[0] if near else (causes[0] if causes else change)


def _elsewhere(stack: StackChanges, places: Places) -> list[Finding]:
    return [
        places.finding("downtime", change, f"{_how(change)}: it is away meanwhile", cause_path(change), [change])
        for change in stack.changes
        if change.type in SERVING and goes_first(change)
    ]


def _restarted(stack: StackChanges, places: Places) -> list[Finding]:
    findings: list[Finding] = []
    for change in stack.changes:
        if change.operation != "update":
            continue
        for difference in change.causes:
            if difference.path.split(".")[0].split("[")[0] in RESTARTS.get(change.type, ()):
                sentence = f"is changed in place and interrupted {because(change, difference)}"
                findings.append(places.finding("downtime", change, sentence, difference.path))
                break
    return findings


def _stateful_pods(stack: StackChanges, places: Places) -> list[Finding]:
    """Members of the database on Kubernetes: their pods restart in place."""
    shape = Shape(stack, places)
    findings: list[Finding] = []
    for change in stack.changes:
        if change.type != "kubernetes:apps/v1:StatefulSet" or change.operation != "update":
            continue
        difference = next((item for item in change.differences if item.path.startswith("spec.template")), None)
        if difference is None or labels_of(change.inputs).get("gostack.role") != "mysql":
            continue
        if noticed := member_away(shape, places.of(change).region):
            sentence = f"restarts its pod {because(change, difference)}: {noticed}"
            findings.append(places.finding("downtime", change, sentence, difference.path, [change]))
    return findings


def _how(change: Change) -> str:
    how = "is deleted" if change.operation == "delete" else "is deleted first and then made anew"
    return f"{how} {because(change)}"
