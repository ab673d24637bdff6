"""Who talked to whom in a network, kept for an investigation."""

import pulumi
import pulumi_aws as aws

from components.aws.args import LoggedArgs
from components.aws.policies import flow_logs_trust, write_logs
from components.aws.roles import role
from components.aws.tags import named


class FlowLogsArgs(LoggedArgs):
    """Inputs of a network's flow logs."""

    account: str
    """Identity of the AWS account."""

    vpc_id: pulumi.Input[str]
    """Identity of the VPC."""


class FlowLogs(pulumi.ComponentResource):
    """Accepted and refused connections of a VPC, in an encrypted log group that only they may write into."""

    log_group: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:FlowLogs", name, {}, opts)
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            retention_in_days=args["log_retention_days"],
            kms_key_id=args["logs_key_arn"],
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        writer = role(name, flow_logs_trust(args["account"]), args["tags"], self)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=writer.name,
            policy=group.arn.apply(write_logs),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ec2.FlowLog(
            f"{name}-log",
            vpc_id=args["vpc_id"],
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=writer.arn,
            max_aggregation_interval=60,
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})
