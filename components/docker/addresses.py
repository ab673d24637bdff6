"""Which address of a network is whose: the lower half is for fixed ones, the upper half is assigned."""

from __future__ import annotations

from ipaddress import IPv4Network

FIRST_CONSUL_SERVER = 11


def gateway(cidr: str) -> str:
    """Return the first address of the network, which is the engine's own."""
    return str(IPv4Network(cidr)[1])


def assigned_range(cidr: str) -> str:
    """Return the upper half of the network in CIDR notation."""
    return str(list(IPv4Network(cidr).subnets(prefixlen_diff=1))[1])


def consul_server_addresses(cidr: str, servers: int) -> list[str]:
    """Return the fixed addresses of a datacenter's servers: a server that comes back must be where it was."""
    return [str(IPv4Network(cidr)[FIRST_CONSUL_SERVER + index]) for index in range(servers)]
