"""What users notice while containers of a stack on Docker are away.

What the components promise is measured in docs/proven.md: replicas roll create-first, Consul's servers one after the
other, reads go to the primary while a region's member is away.
"""

from __future__ import annotations

from collections import Counter

from tools.gostack.report.changes import Change
from tools.gostack.report.docker_roles import NETWORK, Shape, role


def away(shape: Shape, affected: list[Change]) -> str:
    """Return what users notice while these are away, all because of one cause; empty when they notice nothing."""
    places = shape.places
    region = next((found for change in affected if (found := places.of(change).region)), "")
    network = next((change for change in affected if change.type == NETWORK), None)
    found = Counter((places.of(change).kind, role(change)) for change in affected)
    noticed: list[str] = []
    if network is not None and len(affected) > 1:
        noticed.append(f"the region {region} is away" if region else f"everything in {network.name} is away")
    elif found["Ingress", "sandbox"] or found["Ingress", "nginx"]:
        noticed.append(f"the entry of {region} answers nobody")
    if network is None:
        noticed += _replicas(shape, affected, region)
    if found["MySqlCluster", "mysql"] or found["MySqlCluster", "sandbox"]:
        noticed.append(member_away(shape, region))
    if found["Accessory", "accessory"] or found["Accessory", "sandbox"]:
        names = sorted(
            {places.service for change in affected if (places := shape.places.of(change)).kind == "Accessory"}
        )
        noticed.append(f"{', '.join(names)} is away in {region}")
    if network is None and _discovery_is_away(shape, affected, region):
        noticed.append(f"nobody learns of new or lost replicas in {region}")
    return "; ".join(filter(None, noticed))


def member_away(shape: Shape, region: str) -> str:
    """Return what users notice while MySQL's member of a region is away; empty when they notice nothing."""
    if shape.topology == "group":
        return f"MySQL's member in {region} is away: if it is the primary, writes wait some seconds for another one"
    if region != shape.primary:
        # Reads go to the primary meanwhile.
        return ""
    reads = "neither read nor written" if shape.topology == "single" else "read but not written"
    return f"MySQL's primary is away: rows are {reads} until it is back"


def _replicas(shape: Shape, affected: list[Change], region: str) -> list[str]:
    services = Counter(
        shape.places.of(change).service
        for change in affected
        if shape.places.of(change).kind == "Microservice" and role(change) == "application"
    )
    noticed: list[str] = []
    for service, count in sorted(services.items()):
        there = shape.containers("application", service, region)
        # Fewer replicas: each is deregistered and drained before it stops.
        if count == there or any(change.operation != "delete" for change in affected):
            noticed.append(f"{service} has {there - count} of {there} replicas in {region}")
    return noticed


def _discovery_is_away(shape: Shape, affected: list[Change], region: str) -> bool:
    servers = [change for change in affected if role(change) == "consul-server"]
    # One after the other: the others hold the quorum.
    rolled = shape.containers("consul-server", "", region) >= 3 and any(item.operation == "replace" for item in servers)
    return bool(servers) and not rolled
