"""A Consul datacenter: what it takes, and how agents refer to it."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.args import StackArgs
from components.region.args import RegionReference


class ConsulDatacenterArgs(StackArgs):
    """Inputs of a Consul datacenter."""

    region: RegionReference
    """Region of the datacenter; the datacenter has its name."""

    servers: int
    """Number of servers, 1 or 3."""

    other_regions: Sequence[str]
    """Names of the regions whose datacenters this one joins."""

    gossip_key: pulumi.Input[str]
    """Key that encrypts gossip: 32 bytes in base64 (secret); the same in every datacenter of the stack."""

    image: pulumi.Input[str]
    """Image of Consul."""


class ConsulReference(TypedDict):
    """A datacenter as an agent needs to know it; `ConsulDatacenter.reference` gives it."""

    datacenter: str
    """Name of the datacenter."""

    server_addresses: Sequence[str]
    """Addresses of the servers inside the region's network."""

    gossip_key: pulumi.Input[str]
    """Key that encrypts gossip (secret); empty on Docker, where no variable holds it."""

    gossip_volume: pulumi.Input[str]
    """Volume in which agents on Docker find that key; empty on Kubernetes, where each pod has it in its Secret."""

    image: pulumi.Input[str]
    """Image of Consul."""


class RegionalArgs(StackArgs):
    """Inputs of what is in one region."""

    region: RegionReference
    """Where it is."""

    consul: ConsulReference
    """Datacenter of the region, which knows what can be asked there."""
