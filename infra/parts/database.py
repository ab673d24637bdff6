"""The database: the stack's own members, or one that is run for it."""

from __future__ import annotations

from components.args import MySqlClusterArgs
from infra.context import Context
from infra.foundation import Database
from infra.parts.discovery import Datacenters
from infra.parts.regions import Regions
from infra.settings.model import WITNESS


def database(context: Context, regions: Regions, consul: Datacenters) -> Database:
    """Return the foundation's database, or make the stack's own."""
    given = context.foundation.database(context.image_ids["mysql"])
    if given is not None:
        return given
    first = context.regions[0]
    cluster = context.platform.MySqlCluster(
        "mysql", _arguments(context, regions, consul), context.foundation.options(first)
    )
    return Database(
        reference=cluster.reference,
        primary=cluster.primary,
        replicas=cluster.replicas,
        members=cluster.members,
        resources=[cluster],
    )


def _arguments(context: Context, regions: Regions, consul: Datacenters) -> MySqlClusterArgs:
    settings = context.settings.mysql
    members = context.regions[:1] if settings.topology == "single" else context.regions
    arguments: MySqlClusterArgs = {
        "topology": settings.topology,
        "regions": [regions[region].reference for region in members],
        "consul": [consul[region].reference for region in members],
        "image": context.image_ids["mysql"],
        "pause_image": context.pause_image,
        "authority_key_pair": context.authority.key_pair,
        "authority_certificate": context.authority.certificate,
        "certificate_lifetime_days": context.settings.certificates.authority_lifetime_days,
        "password_rotation": context.settings.rotation.passwords,
        "authority_rotation": context.settings.rotation.authority,
        "buffer_pool_mib": settings.buffer_pool_mib,
        "memory_mib": settings.memory_mib,
        "max_connections": settings.max_connections,
        "protect": settings.protect,
        "volume_prefix": f"gostack-{context.stack}",
        "storage_gib": settings.storage_gib,
        "labels": context.labels,
    }
    if settings.witness is not None:
        arguments["witness"] = regions[WITNESS].reference
    if context.settings.kubernetes is not None and context.settings.kubernetes.storage_class is not None:
        arguments["storage_class"] = context.settings.kubernetes.storage_class
    return arguments
