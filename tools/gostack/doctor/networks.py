"""Whether the stack's networks are free on this machine: the engine refuses one that overlaps with another of its own,
and says nothing of a route, for example a VPN's, that leads elsewhere."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.doctor.finding import Finding
from tools.gostack.documents import mapping, mappings
from tools.gostack.environment.docker_engine import Engine, api_of

_ROUTES = Path("/proc/net/route")
"""Linux's main table of IPv4 routes in this process' network, and none that `ip rule` adds:
https://man7.org/linux/man-pages/man5/proc.5.html."""

_BRIDGE = "com.docker.network.bridge.name"
"""Option of a network with the name of its interface."""


@dataclass(frozen=True)
class Route:
    """Where this machine sends packets."""

    network: str
    """Their destination in CIDR notation."""

    interface: str
    """Name of the network interface by which they leave."""


def check_networks(
    wanted: Mapping[str, str], existing: Mapping[str, str], routes: Iterable[Route] = ()
) -> Iterator[Finding]:
    """Whether each network of the stack is apart from the engine's other networks, and from the routes."""
    in_the_way = list(overlaps(wanted, existing))
    for key, name in in_the_way:
        message = f"gostack:{key} ({wanted[key]}) overlaps with the engine's network {name} ({existing[name]})"
        yield Finding("networks", "fail", message, f"docker network rm {name}, or choose another gostack:{key}")
    diverted = [(key, route) for route in routes for key, _ in overlaps(wanted, {"": route.network})]
    for key, route in diverted:
        message = f"gostack:{key} ({wanted[key]}) overlaps with the route {route.network} by {route.interface}"
        remedy = f"choose another gostack:{key}, or end what made the route (a VPN?)"
        # Of two routes the narrower one is taken: a wide one loses the hosts that the stack hides, and harms nothing.
        narrow = ipaddress.ip_network(route.network).prefixlen >= ipaddress.ip_network(wanted[key]).prefixlen
        yield Finding("networks", "fail" if narrow else "warn", message, remedy)
    if not in_the_way and not diverted:
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


def bridges(engine: Engine) -> set[str]:
    """Return the interfaces of the engine's networks, whose routes are those networks."""
    with api_of(engine) as api:
        return {
            str(mapping(network.get("Options")).get(_BRIDGE) or f"br-{str(network['Id'])[:12]}")
            for network in mappings(api.networks())
        }


def foreign_routes(interfaces: Container[str], table: Path = _ROUTES) -> list[Route]:
    """Return this machine's IPv4 routes but the default one and those by the interfaces; none where there is no table
    of them."""
    lines = table.read_text(encoding="ascii").splitlines()[1:] if table.is_file() else []
    found: list[Route] = []
    for interface, destination, _, _, _, _, _, mask, *_ in map(str.split, lines):
        network = ipaddress.IPv4Network((_address(destination), str(_address(mask))))
        if network.prefixlen > 0 and interface not in interfaces:
            found.append(Route(str(network), interface))
    return found


def _address(written: str) -> ipaddress.IPv4Address:
    """Return an address that is written in hexadecimal digits, its bytes in this machine's order."""
    return ipaddress.IPv4Address(int(written, 16).to_bytes(4, sys.byteorder))
