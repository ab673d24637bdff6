"""Services of AWS that a network reaches without leaving it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import TaggedArgs
from components.aws.tags import named

HTTPS = 443
GATEWAYS = ("s3", "dynamodb")
"""Services with an endpoint that costs nothing; image layers come from S3."""


class NetworkEndpointsArgs(TaggedArgs):
    """Inputs of a network's endpoints."""

    region: str
    """AWS region."""

    cidr: str
    """Network in CIDR notation, from which the endpoints are asked."""

    vpc_id: pulumi.Input[str]
    """Identity of the VPC."""

    route_table_ids: Sequence[pulumi.Input[str]]
    """Route tables that lead to the gateway endpoints."""

    subnet_ids: Sequence[pulumi.Input[str]]
    """Subnets in which the interface endpoints have an address."""

    interfaces: Sequence[str]
    """Services with an interface endpoint, by the last part of their name ("ecr.api")."""


class NetworkEndpoints(pulumi.ComponentResource):
    """Gateway endpoints for S3 and DynamoDB, and the interface endpoints that were asked for."""

    security_group_id: pulumi.Output[str]
    """Security group of the interface endpoints."""

    def __init__(self, name: str, args: NetworkEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:NetworkEndpoints", name, {}, opts)
        for service in GATEWAYS:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args["vpc_id"],
                service_name=f"com.amazonaws.{args['region']}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=list(args["route_table_ids"]),
                tags=named(args["tags"], f"{name}-{service}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
        group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args["vpc_id"],
            description="Interface endpoints, asked from inside the network",
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="TLS from inside the network",
            cidr_ipv4=args["cidr"],
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=named(args["tags"], f"{name}-https"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for service in args["interfaces"]:
            aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                vpc_id=args["vpc_id"],
                service_name=f"com.amazonaws.{args['region']}.{service}",
                vpc_endpoint_type="Interface",
                # The service's public name leads here, so nobody has to be told.
                private_dns_enabled=True,
                subnet_ids=list(args["subnet_ids"]),
                security_group_ids=[group.id],
                tags=named(args["tags"], f"{name}-{service}"),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})
