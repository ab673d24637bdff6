"""Whether the stack's networks are free on this machine: the engine refuses one that overlaps with another."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from tools.gostack.doctor.finding import Finding
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.docker_engine import Engine, api_of


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
    found: dict[str, str] = {}
    with api_of(engine) as api:
        for network in mappings(api.networks()):
            labels = mapping(network.get("Labels"))
            if labels.get("gostack.project") == "gostack" and labels.get("gostack.stack") == stack:
                continue
            for pool in mappings(mapping(network.get("IPAM")).get("Config")):
                if "." in (subnet := str(pool.get("Subnet", ""))):
                    found[str(network["Name"])] = subnet
    return found
