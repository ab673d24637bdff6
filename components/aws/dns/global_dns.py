"""The name by which clients find the nearest region that is well."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import TaggedArgs
from components.aws.tags import named
from components.options import given_dependencies


class DnsEntryArgs(TypedDict):
    """One region behind a name."""

    region: str
    """AWS region, from which the distance to a client is known."""

    address: pulumi.Input[str]
    """Host name of the region's load balancer: `DnsDrain.address`, so that the record goes first."""

    address_zone_id: pulumi.Input[str]
    """Hosted zone of that host name."""


class GlobalDnsArgs(TaggedArgs):
    """Inputs of the global name."""

    domain: str
    """Name of the stack, for example "api.example.com"."""

    zone_id: str
    """Hosted zone of Route 53 that the name is in."""

    entries: Sequence[DnsEntryArgs]
    """Regions that answer to the name, at least one."""

    health_path: str
    """Path that answers 200 when a region is well."""

    topic_arn: pulumi.Input[str]
    """Topic in us-east-1 that is told when a region is not: figures of health checks exist there only."""


class GlobalDns(pulumi.ComponentResource):
    """Latency records with a health check each: a client gets the region that is nearest to it, and another one within
    about a minute and a half when that one does not answer."""

    url: pulumi.Output[str]
    """URL of the stack; whoever uses it waits for the records."""

    def __init__(self, name: str, args: GlobalDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:GlobalDns", name, {}, opts)
        self._name, self._args = name, args
        records = [self._entry(entry, given_dependencies(opts)) for entry in args["entries"]]
        self.url = pulumi.Output.all(*(record.fqdn for record in records)).apply(lambda _: f"https://{args['domain']}")
        self.register_outputs({"url": self.url})

    def _entry(self, entry: DnsEntryArgs, before: Sequence[pulumi.Input[pulumi.Resource]]) -> aws.route53.Record:
        args, region = self._args, entry["region"]
        name = f"{self._name}-{region}"
        regional_name = f"{region}.{args['domain']}"
        alias = aws.route53.RecordAliasArgs(
            name=entry["address"], zone_id=entry["address_zone_id"], evaluate_target_health=True
        )
        # By its own name a region is asked whatever the others are: by health checks, tests and people.
        regional = aws.route53.Record(
            f"{name}-own-name",
            zone_id=args["zone_id"],
            name=regional_name,
            type="A",
            aliases=[alias],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
        )
        check = aws.route53.HealthCheck(
            f"{name}-health",
            type="HTTPS",
            fqdn=regional_name,
            port=443,
            resource_path=args["health_path"],
            enable_sni=True,
            request_interval=10,
            failure_threshold=3,
            measure_latency=True,
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[regional]),
        )
        unhealthy = AlarmSpec(
            namespace="AWS/Route53",
            metric="HealthCheckStatus",
            dimensions={"HealthCheckId": check.id},
            threshold=1,
            comparison="LessThanThreshold",
            statistic="Minimum",
            periods=2,
            missing="breaching",
            description=f"{region} does not answer {regional_name}{args['health_path']}: clients are in other regions.",
        )
        metric_alarms(name, {"unhealthy": unhealthy}, args, self)
        return aws.route53.Record(
            f"{name}-nearest",
            zone_id=args["zone_id"],
            name=args["domain"],
            type="A",
            aliases=[alias],
            set_identifier=region,
            latency_routing_policies=[aws.route53.RecordLatencyRoutingPolicyArgs(region=region)],
            health_check_id=check.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
