"""Everything that changes, by what a user knows it as: a service, the ingress, the database; each in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tools.gostack.report.changes import Change, StackChanges
from tools.gostack.report.docker_roles import Shape
from tools.gostack.report.findings import Finding
from tools.gostack.report.notices import notice
from tools.gostack.report.place import Places


@dataclass(frozen=True)
class Group:
    """One part of the stack, over all regions."""

    name: str
    """What people call it."""

    kind: str
    """Class of its components."""

    sentence: str
    """What happens to it and what users notice."""

    regions: tuple[str, ...]
    """Regions in which it changes, in the order in which they are updated."""

    members: tuple[tuple[str, tuple[Change, ...]], ...]
    """Region to the resources that change there."""


_ORDER = (
    "Microservice",
    "ServiceDatabase",
    "ServiceImage",
    "ReleasedImage",
    "DynamicConfiguration",
    "Ingress",
    "MySqlCluster",
    "ConsulDatacenter",
)
"""Kinds in the order in which people ask for them; the others follow by name."""


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


def _group(kind: str, name: str, members: list[Change], shape: Shape, away: set[str]) -> Group:
    places = shape.places
    regions = _in_order({places.of(change).region for change in members} - {""}, shape)
    by_region = tuple(
        (region, tuple(change for change in members if places.of(change).region == region))
        for region in ([""] if any(not places.of(change).region for change in members) else []) + regions
    )
    return Group(
        name=name,
        kind=kind,
        sentence=notice(kind, members, regions, shape, calm=not any(change.urn in away for change in members)),
        regions=tuple(regions),
        members=by_region,
    )


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """Return operation to number of resources, without components, which are not there for themselves."""
    found = Counter(change.operation for change in changes if change.custom or not change.type.startswith("gostack:"))
    return {
        operation: found[operation]
        for operation in ("create", "update", "replace", "delete", "import", "forget")
        if found[operation]
    }


def _in_order(regions: set[str], shape: Shape) -> list[str]:
    return sorted(regions, key=lambda region: (region != shape.primary, region))


def _position(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
