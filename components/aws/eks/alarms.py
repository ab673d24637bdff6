"""What somebody must know of a cluster: nodes that are full or lost, and clients that get errors."""

from functools import partial

import pulumi
import pulumi_aws as aws

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import AlarmedArgs

ERRORS_NAMESPACE = "gostack/ingress"
SERVER_ERRORS = '{ ($.log_processed.service = "ingress") && ($.log_processed.status >= 500) }'
"""Lines of Nginx's access log whose request failed, as CloudWatch's agent wraps them."""


class ClusterAlarmsArgs(AlarmedArgs):
    """Inputs of a cluster's alarms."""

    cluster_name: pulumi.Input[str]
    """Name of the cluster."""

    application_logs: pulumi.Input[str]
    """Log group with what containers write."""


class ClusterAlarms(pulumi.ComponentResource):
    """Alarms on nodes, restarts and the answers that clients get."""

    errors_metric: pulumi.Output[str]
    """Name of the metric that counts the ingress's answers with 5xx."""

    def __init__(self, name: str, args: ClusterAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ClusterAlarms", name, {}, opts)
        # A metric of a log has no dimension that could tell clusters apart: it has a name of its own.
        metric = pulumi.Output.concat(args["cluster_name"], "-responses-5xx")
        counted = aws.cloudwatch.LogMetricFilter(
            f"{name}-responses-5xx",
            log_group_name=args["application_logs"],
            pattern=SERVER_ERRORS,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=ERRORS_NAMESPACE, name=metric, value="1", default_value="0"
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.errors_metric = counted.metric_transformation.apply(lambda transformation: transformation.name)
        metric_alarms(name, _watched(args["cluster_name"], self.errors_metric), args, self)
        self.register_outputs({"errors_metric": self.errors_metric})


def _watched(cluster: pulumi.Input[str], errors: pulumi.Input[str]) -> dict[str, AlarmSpec]:
    figure = partial(AlarmSpec, namespace="ContainerInsights", dimensions={"ClusterName": cluster})
    return {
        "cpu": figure(
            metric="node_cpu_utilization",
            threshold=80,
            description=(
                "The nodes' CPU is above 80 % for 5 minutes, and Auto Mode has not added any: look at its events."
            ),
        ),
        "memory": figure(
            metric="node_memory_utilization",
            threshold=85,
            description="The nodes' memory is above 85 % for 5 minutes: pods will be killed.",
        ),
        "failed-nodes": figure(
            metric="cluster_failed_node_count",
            threshold=0,
            statistic="Maximum",
            description="A node is not ready for 5 minutes.",
        ),
        "errors": AlarmSpec(
            namespace=ERRORS_NAMESPACE,
            metric=errors,
            threshold=5,
            statistic="Sum",
            missing="notBreaching",
            description="More than 5 requests a minute failed with 5xx for 5 minutes. Read the ingress's log.",
        ),
    }
