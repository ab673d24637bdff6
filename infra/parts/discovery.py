"""Service discovery: one Consul datacenter a region."""

from __future__ import annotations

from typing import TypeAlias

from components.args import ConsulDatacenterArgs
from components.secrets import GossipKey
from infra.context import Context
from infra.parts.regions import Regions
from infra.platforms import ConsulDatacenter
from infra.settings.regions import CONSUL_ADDRESS

Datacenters: TypeAlias = dict[str, ConsulDatacenter]
"""Region to its datacenter."""


def discovery(context: Context, regions: Regions) -> Datacenters:
    """Make the datacenters; those of regions that reach each other tell each other what they know."""
    settings = context.settings
    gossip_key = GossipKey("gossip-key", {"rotation": settings.rotation.gossip_key}).value
    datacenters: Datacenters = {}
    for region, place in context.places:
        arguments: ConsulDatacenterArgs = {
            "region": regions[region].reference,
            "servers": settings.consul.servers,
            "other_regions": context.foundation.joined(region),
            "gossip_key": gossip_key,
            "image": context.foundation.image(region, context.image_ids["consul"]),
            "bind_address": CONSUL_ADDRESS,
            "http_port": place.consul_port,
            "labels": context.labels,
        }
        if settings.kubernetes is not None and settings.kubernetes.storage_class is not None:
            arguments["storage_class"] = settings.kubernetes.storage_class
        datacenters[region] = context.platform.ConsulDatacenter(
            f"consul-{region}", arguments, context.foundation.options(region, context.before(region, datacenters))
        )
    return datacenters
