"""How a role of this project is made."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.tags import named


def role(name: str, trust: str, tags: Mapping[str, str], parent: pulumi.Resource) -> aws.iam.Role:
    """Make a role that may be taken as a policy document (`trust`) says, and may do nothing yet."""
    return aws.iam.Role(
        f"{name}-role",
        path="/gostack/",
        assume_role_policy=trust,
        tags=named(tags, name),
        opts=pulumi.ResourceOptions(parent=parent),
    )
