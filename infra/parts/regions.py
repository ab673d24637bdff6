"""The places of a stack: its regions, and where a database has one more member, the witness's."""

from __future__ import annotations

from typing import TypeAlias

import pulumi

from components.args import RegionArgs
from components.rendering.names import stack_namespace
from infra.context import Context
from infra.platforms import Region
from infra.settings.cluster_demand import region_quota
from infra.settings.model import WITNESS

Regions: TypeAlias = dict[str, Region]
"""Place to region."""


def places(context: Context) -> Regions:
    """Make every place: a network of its own on Docker, a namespace of its own on Kubernetes."""
    settings = context.settings
    cidrs = {region: place.cidr or "" for region, place in context.places}
    if settings.mysql.witness is not None:
        # A place with one member of the database and nothing else.
        cidrs[WITNESS] = settings.mysql.witness.cidr
    backbone = context.foundation.backbone()
    return {
        place: context.platform.Region(
            place, _arguments(context, place, cidr, backbone), context.foundation.options(place)
        )
        for place, cidr in cidrs.items()
    }


def _arguments(context: Context, place: str, cidr: str, backbone: pulumi.Input[str]) -> RegionArgs:
    settings = context.settings
    arguments: RegionArgs = {
        "region": place,
        "cidr": cidr,
        "backbone_network": backbone,
        "backbone_cidr": settings.backbone.cidr if cidr else "",
        "labels": context.labels,
    }
    if settings.kubernetes is not None:
        arguments["namespace"] = settings.kubernetes.namespace or stack_namespace(context.stack)
    if settings.platform == "kubernetes":
        quota = region_quota(settings, place)
        arguments["quota"] = {
            "cpu_requests": quota.cpu_requests,
            "cpu_limits": quota.cpu_limits,
            "memory_requests_mib": quota.memory_requests_mib,
            "memory_limits_mib": quota.memory_limits_mib,
            "pods": quota.pods,
            "storage_gib": quota.storage_gib,
        }
    return arguments
