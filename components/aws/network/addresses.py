"""How a region's network in AWS is divided: computed, so that nobody draws overlapping subnets by hand."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

ZONES = 3
"""Availability zones of a region: the loss of one leaves a majority of everything that votes."""

GLOBAL_REGION = "us-east-1"
"""Region of Route 53's figures; records and budgets exist once."""

CLUSTER_SERVICES = "172.20.0.0/16"
"""Addresses of Kubernetes services, which exist inside a cluster only; no region's network may overlap with them."""

LARGEST, SMALLEST = 16, 20
"""Prefix lengths that a region's network may have; a smaller one leaves the nodes too few addresses for their pods."""


@dataclass(frozen=True)
class SubnetPlan:
    """One subnet of each kind for each availability zone, in the same order, in CIDR notation."""

    private: tuple[str, ...]
    """Nodes and pods: a quarter of the network each."""

    public: tuple[str, ...]
    """NAT gateways and load balancers."""

    database: tuple[str, ...]
    """The database, which no route leads out of."""


def plan_subnets(cidr: str) -> SubnetPlan:
    """Return the subnets of a network; raises ValueError when its size leaves no room for them.

    The first three quarters are private. Of the last one, eighths are public and the database's; two stay free.
    """
    network = IPv4Network(cidr)
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise ValueError(
            f"{cidr} has the size /{network.prefixlen}: a network in AWS takes /{LARGEST} to /{SMALLEST}, "
            "so that there are addresses for the pods of three zones."
        )
    *private, rest = network.subnets(prefixlen_diff=2)
    small = list(rest.subnets(prefixlen_diff=3))
    return SubnetPlan(
        private=tuple(map(str, private)),
        public=tuple(map(str, small[:ZONES])),
        database=tuple(map(str, small[ZONES : 2 * ZONES])),
    )


def default_zones(region: str) -> list[str]:
    """Return the first three availability zones of a region by name."""
    return [f"{region}{letter}" for letter in "abc"]


def partition(region: str) -> str:
    """Return the part of AWS that a region belongs to, as it stands in ARNs."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
