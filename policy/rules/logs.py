"""What happened can be looked up, for as long as it is asked for and no longer."""

from __future__ import annotations

from policy.resource import Graph, Marker, Resource, listing
from policy.rule import (
    PROD_ALONE,
    SHARED,
    Context,
    Environment,
    Finding,
    Findings,
    context_rule,
    resource_rule,
    stack_rule,
)

_AUDITED = frozenset({"api", "audit", "authenticator"})


@context_rule("log-retention", environments=SHARED)
def log_retention(resource: Resource, context: Context) -> Findings:
    """A log group says how long it keeps what it is given: AWS's default is for ever."""
    if resource.type != "aws:cloudwatch/logGroup:LogGroup":
        return
    days = resource.at("retentionInDays", 0)
    if days == 0:
        yield Finding(resource, "retentionInDays", "is missing: logs are kept, and paid, for ever", "set it, in days")
    elif isinstance(days, int) and days < 30 and context.environment is Environment.PROD:
        yield Finding(resource, "retentionInDays", f"is {days}: incidents are found later", "set it to 30 or more")


@resource_rule("control-plane-logs", environments=SHARED)
def control_plane_logs(resource: Resource) -> Findings:
    """A cluster's control plane logs who asked it for what."""
    if resource.type != "aws:eks/cluster:Cluster" or isinstance(resource.at("enabledClusterLogTypes"), Marker):
        return
    missing = sorted(_AUDITED - set(listing(resource.at("enabledClusterLogTypes"))))
    if missing:
        yield Finding(resource, "enabledClusterLogTypes", f"lacks {', '.join(missing)}", "add them")


@stack_rule("flow-logs", environments=SHARED)
def flow_logs(graph: Graph) -> Findings:
    """Every VPC logs its flows, refused ones at least."""
    logged = frozenset[str]().union(*(item.dependencies for item in graph.of_type("aws:ec2/flowLog:FlowLog")))
    for vpc in graph.of_type("aws:ec2/vpc:Vpc"):
        if vpc.urn not in logged:
            yield Finding(vpc, "flow logs", "are missing: nobody sees who was refused", "add an aws.ec2.FlowLog")


@stack_rule("alarms-reach-somebody", environments=PROD_ALONE)
def alarms_reach_somebody(graph: Graph) -> Findings:
    """Every alarm tells a topic, and says what missing data means."""
    for alarm in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        if not listing(alarm.at("alarmActions")) and not isinstance(alarm.at("alarmActions"), Marker):
            yield Finding(alarm, "alarmActions", "is empty: nobody is told", "name the topic of the stack's alarms")
        if alarm.at("actionsEnabled", True) is False:
            yield Finding(alarm, "actionsEnabled", "is false: nobody is told", "remove it")
