"""What users notice while containers of a stack on Docker are away.

What the components promise stands in README.md and is measured in docs/proven.md: replicas roll create-first, Consul's
servers one after the other, reads go to the primary while a region's member is away.
"""

from __future__ import annotations

from tools.gostack.report.changes import Change
from tools.gostack.report.docker_roles import NETWORK, Shape, role


def away(shape: Shape, affected: list[Change]) -> str:
    """Return what users notice while these are away, all because of one cause; empty when they notice nothing."""
    places = shape.places
    region = next((found for change in affected if (found := places.of(change).region)), "")
    whole = next((change for change in affected if change.type == NETWORK), None)
    noticed: list[str] = []
    if whole is not None and len(affected) > 1:
        where = f"the region {region} is away" if region else f"everything in {whole.name} is away"
        others = [name for name in places.regions if name != region]
        noticed.append(where + (f", {_listed(others)} takes no part in it" if region and others else ""))
    elif _entry(shape, affected):
        noticed.append(f"the entry of {region} answers nobody")
    noticed += _replicas(shape, affected, region) if whole is None else []
    noticed += _database(shape, affected, region)
    noticed += _discovery(shape, affected, region) if whole is None else []
    return "; ".join(noticed)


def _entry(shape: Shape, affected: list[Change]) -> bool:
    return any(
        shape.places.of(change).kind == "Ingress" and role(change) in ("sandbox", "nginx") for change in affected
    )


def _replicas(shape: Shape, affected: list[Change], region: str) -> list[str]:
    gone: dict[str, int] = {}
    for change in affected:
        if shape.places.of(change).kind == "Microservice" and role(change) == "application":
            service = shape.places.of(change).service
            gone[service] = gone.get(service, 0) + 1
    noticed: list[str] = []
    for service, count in sorted(gone.items()):
        there = shape.containers(
            "application", lambda place, name=service: (place.service, place.region) == (name, region)
        )
        if count < len(there) and all(change.operation == "delete" for change in affected):
            # Fewer replicas: each is deregistered and drained before it stops.
            continue
        if count < len(there):
            noticed.append(f"{service} has {len(there) - count} of {len(there)} replicas in {region}")
            continue
        others = [name for name in shape.regions_with(service) if name != region]
        rest = f"{_listed(others)} takes its requests" if others else "nobody takes its requests"
        noticed.append(f"{service} has no replica in {region}, {rest}")
    return noticed


def _database(shape: Shape, affected: list[Change], region: str) -> list[str]:
    members = [
        change
        for change in affected
        if shape.places.of(change).kind == "MySqlCluster" and role(change) in ("mysql", "sandbox")
    ]
    noticed = member_away(shape, region) if members else ""
    return [noticed] if noticed else []


def member_away(shape: Shape, region: str) -> str:
    """Return what users notice while MySQL's member of a region is away; empty when they notice nothing."""
    if shape.topology == "group":
        return f"MySQL's member in {region} is away: if it is the primary, writes wait some seconds for another one"
    if region != shape.primary:
        # Reads go to the primary meanwhile.
        return ""
    reads = "neither read nor written" if shape.topology == "single" else "read but not written"
    return f"MySQL's primary is away: rows are {reads} until it is back"


def _discovery(shape: Shape, affected: list[Change], region: str) -> list[str]:
    servers = [change for change in affected if role(change) == "consul-server"]
    if not servers:
        return []
    there = shape.containers("consul-server", lambda place: place.region == region)
    if len(there) >= 3 and any(change.operation == "replace" for change in servers):
        # One after the other: the others hold the quorum.
        return []
    return [f"nobody learns of new or lost replicas in {region}"]


def _listed(names: list[str]) -> str:
    return " and ".join(names) if len(names) < 3 else ", ".join(names)
