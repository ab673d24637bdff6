"""The security group of what the pods of a region ask."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.args import StoreArgs
from components.aws.tags import named


def open_to_pods(
    name: str,
    what: str,
    protocol: str,
    port: int,
    args: StoreArgs,
    parent: pulumi.Resource,
) -> aws.ec2.SecurityGroup:
    """Return the security group of something (`what`) that the pods of its region may reach on one port, and nobody
    else; `protocol` is what they speak there, for its description."""
    group = aws.ec2.SecurityGroup(
        f"{name}-security-group",
        vpc_id=args["vpc_id"],
        description=f"{what}, asked by the pods of its region",
        tags=named(args["tags"], name),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-pods",
        security_group_id=group.id,
        referenced_security_group_id=args["client_security_group_id"],
        description=f"{protocol} from the pods",
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        tags=named(args["tags"], f"{name}-from-pods"),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return group
