"""Whether the stack's networks are free on this machine: the engine refuses one that overlaps with another."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, cast

from tools.gostack.doctor.finding import Finding
from tools.gostack.environment.docker_engine import Engine


def check_networks(wanted: Mapping[str, str], existing: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each network of the stack is apart from the engine's other networks."""
    in_the_way = list(overlaps(wanted, existing))
    for key, name in in_the_way:
        message = f"gostack:{key} ({wanted[key]}) overlaps with the engine's network {name} ({existing[name]})"
        yield Finding("networks", "fail", message, f"docker network rm {name}, or choose another gostack:{key}")
    if not in_the_way:
        yield Finding("networks", "ok", f"{', '.join(wanted.values())} free or held by this stack")


def overlaps(wanted: Mapping[str, str], existing: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (settings key, name of the network in its way) for each pair that overlaps; both map to CIDR notation."""
    for key, cidr in wanted.items():
        for name, other in existing.items():
            if ipaddress.ip_network(cidr).overlaps(ipaddress.ip_network(other)):
                yield key, name


def foreign_networks(engine: Engine, stack: str) -> dict[str, str]:
    """Name to CIDR notation of the engine's IPv4 networks that are not this stack's."""
    import docker

    with closing(docker.DockerClient(base_url=engine.endpoint, version="auto", timeout=10)) as client:
        api = cast("Any", client.api)
        networks = cast("list[dict[str, Any]]", api.networks())
    found: dict[str, str] = {}
    for network in networks:
        labels = cast("dict[str, str]", network.get("Labels") or {})
        if labels.get("gostack.project") == "gostack" and labels.get("gostack.stack") == stack:
            continue
        management = cast("dict[str, Any]", network.get("IPAM") or {})
        for pool in cast("list[dict[str, str]]", management.get("Config") or []):
            subnet = pool.get("Subnet", "")
            if "." in subnet:
                found[str(network["Name"])] = subnet
    return found
