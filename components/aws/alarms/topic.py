"""Where alarms of a region arrive."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import AccountArgs
from components.aws.policies import topic_policy
from components.aws.tags import named


class AlarmTopicArgs(AccountArgs):
    """Inputs of an alarm topic."""

    key_arn: pulumi.Input[str]
    """Key that encrypts the messages; CloudWatch must be among its services."""

    emails: Sequence[str]
    """Addresses that are told; each gets one message to confirm."""


class AlarmTopic(pulumi.ComponentResource):
    """An encrypted SNS topic that alarms and budgets of this account publish to."""

    arn: pulumi.Output[str]
    """ARN of the topic."""

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:AlarmTopic", name, {}, opts)
        topic = aws.sns.Topic(
            f"{name}-topic",
            kms_master_key_id=args["key_arn"],
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: topic_policy(arn, args["account"], args["region"])),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for email in args["emails"]:
            aws.sns.TopicSubscription(
                f"{name}-{email.replace('@', '-at-')}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})
