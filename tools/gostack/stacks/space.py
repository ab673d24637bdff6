"""Ports and networks that nothing else has: no other stack file, no program of this machine, no engine's network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network

from tools.gostack.environment.errors import UserError

PORT_STEP = 100
LAST_PORT = 65535
_PRIVATE = IPv4Network("10.0.0.0/8")
_FIRST = IPv4Network("10.81.0.0/16")
"""The first network that is tried, beside those of the published dev stack."""


def free_ports(
    wanted: Mapping[str, tuple[str, int]], taken: Iterable[int], is_free: Callable[[str, int], bool]
) -> dict[str, int]:
    """Return for each port of a stack (key to address and port) one that is free; raises UserError.

    All are moved by the same distance, so that 8443 and 9443 are still each other's neighbours.
    """
    used = set(taken)
    for distance in range(PORT_STEP, LAST_PORT, PORT_STEP):
        moved = {key: (address, port + distance) for key, (address, port) in wanted.items()}
        if any(port > LAST_PORT for _, port in moved.values()):
            break
        if all(port not in used and is_free(address, port) for address, port in moved.values()):
            return {key: port for key, (_, port) in moved.items()}
    raise UserError("this machine has no free ports for another stack: `ss -ltn` shows what listens.")


def free_networks(wanted: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """Return for each network of a stack (key to CIDR notation) one of its size that overlaps with none; raises
    UserError."""
    used = [IPv4Network(network, strict=False) for network in taken]
    found: dict[str, str] = {}
    for key, cidr in wanted.items():
        size = IPv4Network(cidr).prefixlen
        candidates = (network for network in _PRIVATE.subnets(new_prefix=size) if network >= _FIRST)
        free = next((one for one in candidates if not any(one.overlaps(other) for other in used)), None)
        if free is None:
            raise UserError(f"10.0.0.0/8 has no free network of the size /{size} for another stack.")
        used.append(free)
        found[key] = str(free)
    return found
