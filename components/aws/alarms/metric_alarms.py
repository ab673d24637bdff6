"""How an alarm of this project is made: five minutes of a wrong value, and the same people are told of both ends."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.tags import named

PERIOD_SECONDS = 60
PERIODS = 5


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """A figure of CloudWatch and the value from which it is wrong."""

    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    threshold: float
    description: str
    """What somebody who is woken up by it needs to know."""

    statistic: str = "Average"
    comparison: str = "GreaterThanThreshold"
    period_seconds: int = PERIOD_SECONDS
    periods: int = PERIODS
    missing: str = "missing"
    """What a missing value means: `missing` (not known), `notBreaching` or `breaching`."""


def metric_alarm(
    name: str,
    watched: AlarmSpec,
    *,
    topic_arn: pulumi.Input[str],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """Make an alarm that tells the topic when the figure gets wrong and when it is right again."""
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=watched.description,
        namespace=watched.namespace,
        metric_name=watched.metric,
        dimensions=dict(watched.dimensions),
        statistic=watched.statistic,
        comparison_operator=watched.comparison,
        threshold=watched.threshold,
        period=watched.period_seconds,
        evaluation_periods=watched.periods,
        datapoints_to_alarm=watched.periods,
        treat_missing_data=watched.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        tags=named(tags, name),
        opts=opts,
    )


def metric_alarms(
    name: str,
    watched: Mapping[str, AlarmSpec],
    *,
    topic_arn: pulumi.Input[str],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> None:
    """Make an alarm for each figure, all below one component."""
    for label, figure in watched.items():
        opts = pulumi.ResourceOptions(parent=parent)
        metric_alarm(f"{name}-{label}", figure, topic_arn=topic_arn, tags=tags, opts=opts)
