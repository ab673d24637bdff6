"""What the arguments of several components have in common."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi


class TaggedArgs(TypedDict):
    """Inputs of whatever is in AWS."""

    tags: Mapping[str, str]
    """Tags that every object of the stack carries."""


class AccountArgs(TaggedArgs):
    """Inputs of what has to know where it is."""

    account: str
    """Identity of the AWS account."""

    region: str
    """AWS region."""


class AlarmedArgs(TaggedArgs):
    """Inputs of what has alarms."""

    topic_arn: pulumi.Input[str]
    """Topic that alarms tell."""


class LoggedArgs(TaggedArgs):
    """Inputs of what writes logs."""

    logs_key_arn: pulumi.Input[str]
    """Key that encrypts the logs."""

    log_retention_days: int
    """Days for which logs are kept."""


class StoreArgs(AlarmedArgs):
    """Inputs of what keeps data in a region, for its pods alone."""

    region: str
    """AWS region."""

    vpc_id: pulumi.Input[str]
    """Identity of the region's VPC."""

    subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets that no route leads out of, one in each zone."""

    client_security_group_id: pulumi.Input[str]
    """Security group of those who may connect."""

    key_arn: pulumi.Input[str]
    """Key that encrypts the data."""

    protect: bool
    """True refuses to delete the data."""
