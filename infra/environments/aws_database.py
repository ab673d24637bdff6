"""The database of a stack on AWS: one Aurora Global Database, a member of which is in every region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.aws import Database, DatabaseMember
from components.aws.database_member import DatabaseMemberArgs
from components.rendering.names import cluster_name
from infra.environments.aws_region import Ground, Plan


@dataclass(frozen=True)
class GlobalDatabase:
    """The database of all regions."""

    database: Database
    members: Mapping[str, DatabaseMember]
    """Region to its member, the one that takes writes first."""

    writer: str
    """Region that takes writes."""


def make_database(
    plan: Plan, grounds: Mapping[str, Ground], order: Sequence[str], password_rotation: int
) -> GlobalDatabase:
    """Make the global cluster and the members: the region that takes writes first, then one after the other."""
    settings, home = plan.settings, grounds[plan.settings.home_region]
    identifier = f"gostack-{plan.stack}"
    database = Database(
        "database",
        {
            "identifier": identifier,
            "region": home.region,
            "engine_version": settings.database.engine_version,
            "key_arns": {region: ground.data_key.arn for region, ground in grounds.items()},
            "password_rotation": password_rotation,
            "password_lifetime_days": settings.database.password_lifetime_days,
            "protect": settings.protect,
            "tags": {**plan.tags, "region": home.region},
        },
        pulumi.ResourceOptions(provider=home.provider),
    )
    members: dict[str, DatabaseMember] = {}
    for region in order:
        members[region] = _member(plan, grounds[region], database, members)
    return GlobalDatabase(database, members, order[0])


def _member(plan: Plan, ground: Ground, database: Database, before: Mapping[str, DatabaseMember]) -> DatabaseMember:
    settings, region = plan.settings, ground.region
    arguments: DatabaseMemberArgs = {
        "identifier": cluster_name(plan.stack, region),
        "region": region,
        "global_cluster": database.global_cluster,
        "engine_version": settings.database.engine_version,
        "instance_class": settings.sizing().instance_class,
        "instances": settings.sizing().instances,
        "vpc_id": ground.network.vpc_id,
        "subnet_ids": ground.network.database_subnet_ids,
        "client_security_group_id": ground.cluster.security_group_id,
        "key_arn": ground.data_key.arn,
        "logs_key_arn": ground.notices.logs_key.arn,
        "log_retention_days": settings.log_retention_days,
        "backup_retention_days": settings.database.backup_retention_days,
        "topic_arn": ground.notices.topic.arn,
        "protect": settings.protected(region),
        "tags": {**plan.tags, "region": region},
    }
    if not before:
        # A copy has the accounts of the one that it copies.
        arguments["administrator_password"] = database.administrator_password
    return DatabaseMember(
        f"database-{region}",
        arguments,
        pulumi.ResourceOptions(provider=ground.provider, depends_on=[ground.cluster, *list(before.values())[-1:]]),
    )
