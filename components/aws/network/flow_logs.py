"""Who talked to whom in a network, kept for an investigation."""

import pulumi
import pulumi_aws as aws

from components.aws.policies import flow_logs_trust, write_logs
from components.aws.tags import TaggedArgs, named


class FlowLogsArgs(TaggedArgs):
    """Inputs of a network's flow logs."""

    account: str
    """Identity of the AWS account."""

    vpc_id: pulumi.Input[str]
    """Identity of the VPC."""

    key_arn: pulumi.Input[str]
    """Key that encrypts them."""

    retention_days: int
    """Days for which they are kept."""


class FlowLogs(pulumi.ComponentResource):
    """Accepted and refused connections of a VPC, in an encrypted log group that only they may write into."""

    log_group: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:FlowLogs", name, {}, opts)
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            retention_in_days=args["retention_days"],
            kms_key_id=args["key_arn"],
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = aws.iam.Role(
            f"{name}-role",
            path="/gostack/",
            assume_role_policy=flow_logs_trust(args["account"]),
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=group.arn.apply(write_logs),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ec2.FlowLog(
            f"{name}-log",
            vpc_id=args["vpc_id"],
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})
