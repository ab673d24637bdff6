"""Networks and ports of this machine that a stack on Docker takes, none of them twice."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING

from infra.settings.regions import ANY_ADDRESS

if TYPE_CHECKING:
    from infra.settings.model import Settings


def network_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each network that overlaps with another one."""
    for (first, first_cidr), (second, second_cidr) in combinations(settings.networks().items(), 2):
        if IPv4Network(first_cidr).overlaps(IPv4Network(second_cidr)):
            yield (
                f"gostack:{second} ({second_cidr}) overlaps with gostack:{first} ({first_cidr}): give each of them a "
                "network of its own."
            )


def host_port_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each port that another key has at the same address."""
    for (first, one), (second, other) in combinations(settings.host_ports().items(), 2):
        same_address = one[0] == other[0] or str(ANY_ADDRESS) in (one[0], other[0])
        if one[1] == other[1] and same_address:
            yield f"gostack:{second} is {other[1]}, which gostack:{first} uses already: choose another port."
