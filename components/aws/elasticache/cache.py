"""A Valkey of a region, in ElastiCache, with a password and over TLS alone."""

from collections.abc import Mapping, Sequence
from functools import partial

import pulumi
import pulumi_aws as aws

from components.accessory.valkey import PORT
from components.args import StackArgs
from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import StoreArgs
from components.aws.elasticache.node_types import node_type
from components.aws.network.security_groups import open_to_pods
from components.aws.tags import named
from components.kubernetes.names import APPLICATION, JOB
from components.kubernetes.network import EgressRule, network_policy, networks, tcp
from components.kubernetes.scope import role_scope

ENGINE_VERSION = "8.0"
FAMILY = "valkey8"

KEPT_SNAPSHOTS = 7
"""Days for which a snapshot of each night is kept, of a cache whose data is to outlive it."""


class ElastiCacheArgs(StoreArgs, StackArgs):
    """Inputs of a region's Valkey."""

    identifier: str
    """Name of the replication group: at most 40 letters, digits and hyphens."""

    namespace: pulumi.Input[str]
    """Namespace of the pods that use it."""

    password: pulumi.Input[str]
    """Its password (secret). After a change the one before is taken as well, until the next change."""

    memory_mib: int
    """Memory in MiB of the container that it stands for; the type of its nodes follows from it."""

    nodes: int
    """Nodes, each in another zone; the second one takes over when the first is lost."""

    persistence: bool
    """True keeps a snapshot of each night, and the last one when it is removed."""

    eviction: str
    """What goes when its memory is full: a `maxmemory-policy`."""

    subnets: Sequence[str]
    """Networks of `subnet_ids`, in CIDR notation."""


class ElastiCache(pulumi.ComponentResource):
    """An encrypted replication group in subnets without a way out. Needs a provider of AWS and one of Kubernetes, for
    the paths of its clients."""

    address: pulumi.Output[str]
    """Host and port of the node that takes writes; it moves when that node is lost."""

    def __init__(self, name: str, args: ElastiCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ElastiCache", name, {}, opts)
        self._name, self._args = name, args
        token = auth_token(args["password"])
        several = args["nodes"] > 1
        group = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            replication_group_id=args["identifier"],
            description="Valkey, asked by the pods of its region",
            engine="valkey",
            engine_version=ENGINE_VERSION,
            node_type=node_type(args["memory_mib"]),
            num_cache_clusters=args["nodes"],
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            port=PORT,
            parameter_group_name=self._parameters().name,
            subnet_group_name=self._subnet_group().name,
            security_group_ids=[open_to_pods(name, "Valkey", "Valkey", PORT, args, self).id],
            at_rest_encryption_enabled=True,
            kms_key_id=args["key_arn"],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token,
            # The old one stays valid until the services that know the new one have been released.
            auth_token_update_strategy="ROTATE",  # noqa: S106 no password
            auto_minor_version_upgrade=True,
            maintenance_window="sun:04:30-sun:05:30",
            snapshot_retention_limit=KEPT_SNAPSHOTS if args["persistence"] else 0,
            snapshot_window="02:00-03:00" if args["persistence"] else None,
            final_snapshot_identifier=f"{args['identifier']}-final" if args["persistence"] else None,
            notification_topic_arn=args["topic_arn"],
            apply_immediately=True,
            tags=named(args["tags"], args["identifier"]),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args["protect"] and args["persistence"],
                delete_before_replace=True,
                # AWS upgrades it within its minor version.
                ignore_changes=["engineVersion"],
            ),
        )
        self._network_policies()
        metric_alarms(f"{name}-alarm", _watched(args["identifier"], args["nodes"]), args, self)
        self.address = pulumi.Output.concat(group.primary_endpoint_address, f":{PORT}")
        self._values = {
            "host": group.primary_endpoint_address,
            "port": str(PORT),
            "address": self.address,
            # Regions share no network.
            "peers": "",
            "password": token,
            # Two s: over TLS.
            "url": pulumi.Output.secret(pulumi.Output.concat("rediss://:", token, "@", self.address, "/0")),
        }
        self.register_outputs({"address": self.address})

    @property
    def values(self) -> Mapping[str, pulumi.Input[str]]:
        """What services may be told of it: `host`, `port`, `address`, `peers`, `password` and `url`."""
        return self._values

    def _parameters(self) -> aws.elasticache.ParameterGroup:
        return aws.elasticache.ParameterGroup(
            f"{self._name}-parameters",
            family=FAMILY,
            description="What goes when the memory is full",
            parameters=[
                aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value=self._args["eviction"])
            ],
            tags=named(self._args["tags"], self._name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _subnet_group(self) -> aws.elasticache.SubnetGroup:
        return aws.elasticache.SubnetGroup(
            f"{self._name}-subnets",
            description="Subnets without a way out",
            subnet_ids=self._args["subnet_ids"],
            tags=named(self._args["tags"], self._name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _network_policies(self) -> None:
        args = self._args
        for role in (APPLICATION, JOB):
            network_policy(
                role_scope(args["namespace"], args["labels"], self, region=args["region"], role=role),
                f"{self._name}-calls-{role}",
                outgoing=[EgressRule(to=networks(*args["subnets"]), ports=tcp(PORT))],
            )


def auth_token(password: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return a password in the characters that ElastiCache takes, which `_` is none of (secret):
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html."""
    return pulumi.Output.secret(password).apply(lambda known: known.replace("_", "-"))


def _watched(identifier: str, nodes: int) -> dict[str, AlarmSpec]:
    watched: dict[str, AlarmSpec] = {}
    for number in range(1, nodes + 1):
        node = f"{identifier}-{number:03}"
        figure = partial(AlarmSpec, namespace="AWS/ElastiCache", dimensions={"CacheClusterId": node})
        watched[f"cpu-{number}"] = figure(
            metric="EngineCPUUtilization",
            threshold=80,
            description=f"{node}: CPU above 80 % for 5 minutes. Look for slow commands, or give it more memory_mib.",
        )
        watched[f"logins-{number}"] = figure(
            metric="AuthenticationFailures",
            statistic="Sum",
            threshold=10,
            missing="notBreaching",
            description=f"{node}: more than 10 failed logins a minute: a wrong password, or somebody who tries.",
        )
        watched[f"swap-{number}"] = figure(
            metric="SwapUsage",
            statistic="Maximum",
            threshold=300 * 1024**2,
            description=f"{node}: swaps more than 300 MiB, so that answers get slow. Give it more memory_mib.",
        )
    return watched
