"""The database of a stack on AWS: one Aurora Global Database, a member of which is in every region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws.aurora.database import Database
from components.aws.aurora.member import DatabaseMember, DatabaseMemberArgs
from components.names import cluster_name
from infra.platforms.aws.region import RegionInfra, Shared


@dataclass(frozen=True)
class GlobalDatabase:
    """The database of all regions."""

    database: Database
    members: Mapping[str, DatabaseMember]
    """Region to its member, the one that takes writes first."""

    writer: str
    """Region that takes writes."""


def create_database(
    shared: Shared, regions: Mapping[str, RegionInfra], order: Sequence[str], password_rotation: int
) -> GlobalDatabase:
    """Create the global cluster and the members: the region that takes writes first, then one after the other."""
    settings, home = shared.settings, regions[shared.settings.home_region]
    identifier = f"gostack-{shared.stack}"
    database = Database(
        "database",
        {
            "identifier": identifier,
            "region": home.region,
            "engine_version": settings.database.engine_version,
            "key_arns": {region: infra.data_key.arn for region, infra in regions.items()},
            "password_rotation": password_rotation,
            "password_lifetime_days": settings.database.password_lifetime_days,
            "protect": settings.protect,
            "tags": {**shared.tags, "region": home.region},
        },
        pulumi.ResourceOptions(provider=home.provider),
    )
    members: dict[str, DatabaseMember] = {}
    for region in order:
        members[region] = _member(shared, regions[region], database, members)
    return GlobalDatabase(database, members, order[0])


def _member(
    shared: Shared, infra: RegionInfra, database: Database, before: Mapping[str, DatabaseMember]
) -> DatabaseMember:
    settings, region = shared.settings, infra.region
    arguments: DatabaseMemberArgs = {
        "identifier": cluster_name(shared.stack, region),
        "region": region,
        "global_cluster": database.global_cluster,
        "engine_version": settings.database.engine_version,
        "instance_class": settings.sizing().instance_class,
        "instances": settings.sizing().instances,
        "vpc_id": infra.network.vpc_id,
        "subnet_ids": infra.network.database_subnet_ids,
        "client_security_group_id": infra.cluster.security_group_id,
        "key_arn": infra.data_key.arn,
        "logs_key_arn": infra.alerts.logs_key.arn,
        "log_retention_days": settings.log_retention_days,
        "backup_retention_days": settings.database.backup_retention_days,
        "topic_arn": infra.alerts.topic.arn,
        "protect": settings.protected(region),
        "tags": {**shared.tags, "region": region},
    }
    if not before:
        # A copy has the accounts of the one that it copies.
        arguments["administrator_password"] = database.administrator_password
    return DatabaseMember(
        f"database-{region}",
        arguments,
        pulumi.ResourceOptions(provider=infra.provider, depends_on=[infra.cluster, *list(before.values())[-1:]]),
    )
