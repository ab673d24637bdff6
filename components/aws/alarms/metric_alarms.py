"""How an alarm of this project is made: five minutes of a wrong value, and the same people are told of both ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.args import AlarmedArgs
from components.aws.tags import named

PERIOD_SECONDS = 60
PERIODS = 5


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """A figure of CloudWatch and the value from which it is wrong."""

    namespace: str
    metric: pulumi.Input[str]
    threshold: float
    description: str
    """What somebody who is woken up by it needs to know."""

    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    statistic: str = "Average"
    comparison: str = "GreaterThanThreshold"
    period_seconds: int = PERIOD_SECONDS
    periods: int = PERIODS
    missing: str = "missing"
    """What a missing value means: `missing` (not known), `notBreaching` or `breaching`."""


def metric_alarms(name: str, watched: Mapping[str, AlarmSpec], args: AlarmedArgs, parent: pulumi.Resource) -> None:
    """Make an alarm for each figure, which tells the topic when it gets wrong and when it is right again."""
    for label, figure in watched.items():
        aws.cloudwatch.MetricAlarm(
            f"{name}-{label}",
            alarm_description=figure.description,
            namespace=figure.namespace,
            metric_name=figure.metric,
            dimensions=dict(figure.dimensions) or None,
            statistic=figure.statistic,
            comparison_operator=figure.comparison,
            threshold=figure.threshold,
            period=figure.period_seconds,
            evaluation_periods=figure.periods,
            datapoints_to_alarm=figure.periods,
            treat_missing_data=figure.missing,
            alarm_actions=[args["topic_arn"]],
            ok_actions=[args["topic_arn"]],
            tags=named(args["tags"], f"{name}-{label}"),
            opts=pulumi.ResourceOptions(parent=parent),
        )
