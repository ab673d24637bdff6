"""Everything that changes, by what a user knows it as: a service, the ingress, the database; each in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.docker_roles import Shape
from tools.gostack.report.findings import Finding, code
from tools.gostack.report.place import Places

CALM = "no downtime"
DONE = {
    "create": "created",
    "update": "changed in place",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "forget": "retained outside of the stack",
}
"""Operation to its word, in the order in which they are told."""

CAUSES_SHOWN = 3

_ORDER = (
    "Microservice",
    "ServiceDatabase",
    "ServiceImage",
    "ReleasedImage",
    "DynamicConfiguration",
    "ScheduledTasks",
    "Ingress",
    "Accessory",
    "MySqlCluster",
    "ConsulDatacenter",
)
"""Kinds in the order in which people ask for them; the others follow by name."""


@dataclass(frozen=True)
class Group:
    """One part of the stack, over all regions."""

    name: str
    """What people call it."""

    kind: str
    """Class of its components."""

    sentence: str
    """What happens to it, because of which properties, and whether something is away meanwhile."""

    regions: tuple[str, ...]
    """Regions in which it changes, in the order in which they are updated."""

    members: tuple[tuple[str, tuple[Change, ...]], ...]
    """Region to the resources that change there, without values."""


def groups(stack: StackChanges, places: Places, findings: Iterable[Finding]) -> list[Group]:
    """Return the parts of the stack that change, those that users know first."""
    shape = Shape(stack, places)
    away = {urn for finding in findings if finding.risk == "downtime" for urn in (finding.urn, *finding.affects)}
    # An image is what its service is made of: of a new one users notice the replicas that have it.
    services = {place.service for change in stack.changes if (place := places.of(change)).kind == "Microservice"}
    found: dict[tuple[str, str], list[Change]] = {}
    for change in stack.changes:
        if change.type == "pulumi:pulumi:Stack":
            continue
        place = places.of(change)
        image = place.kind in ("ServiceImage", "ReleasedImage") and place.service in services
        found.setdefault(("Microservice" if image else place.kind, place.service), []).append(change)
    result = [_group(kind, name, members, shape, away) for (kind, name), members in found.items()]
    return sorted(result, key=lambda group: (_position(group.kind), group.name))


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """Return operation to number of resources, without components, which are not there for themselves."""
    found = Counter(change.operation for change in changes if change.custom or not change.type.startswith("gostack:"))
    return {operation: found[operation] for operation in DONE if found[operation]}


def _group(kind: str, name: str, members: list[Change], shape: Shape, away: set[str]) -> Group:
    by_region: dict[str, list[Change]] = {}
    for change in members:
        by_region.setdefault(shape.places.of(change).region, []).append(change.without_values())
    ordered = sorted(by_region, key=lambda region: (region != "", region != shape.primary, region))
    regions = [region for region in ordered if region]
    calm = not any(change.urn in away for change in members)
    return Group(
        name=name,
        kind=kind,
        sentence=_sentence(members, regions, calm=calm),
        regions=tuple(regions),
        members=tuple((region, tuple(by_region[region])) for region in ordered),
    )


def _sentence(members: Sequence[Change], regions: Sequence[str], *, calm: bool) -> str:
    made = [change for change in members if change.custom]
    causes = sorted({item.path for change in made for item in change.causes})
    causes = causes or sorted({item.path for change in made for item in change.differences})
    total = ", ".join(f"{number} {DONE[operation]}" for operation, number in counts(made).items()) or "changed"
    where = f" in {', then '.join(regions)}" if regions else ""
    why = f" because of {', '.join(map(code, causes[:CAUSES_SHOWN]))}" if causes else ""
    why += f" and {len(causes) - CAUSES_SHOWN} more" if len(causes) > CAUSES_SHOWN else ""
    if made and all(change.dependent for change in made):
        why = " with what they depend on"
    return f"{total}{where}{why}, {CALM if calm else 'see downtime'}"


def _position(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
