"""The network of a region: three zones, each with a public, a private and a database subnet."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.args import AccountArgs, LoggedArgs
from components.aws.network.addresses import plan_subnets
from components.aws.network.endpoints import NetworkEndpoints
from components.aws.network.flow_logs import FlowLogs
from components.aws.tags import named
from components.options import given_dependencies, register_declared

EVERYWHERE = "0.0.0.0/0"


class NetworkArgs(AccountArgs, LoggedArgs):
    """Inputs of a network."""

    cidr: str
    """Network in CIDR notation, /16 to /20; must not overlap with another region's."""

    availability_zones: Sequence[str]
    """Names of three availability zones."""

    single_nat: bool
    """True shares one NAT gateway, and loses the way out of all zones with the zone that it is in."""

    interface_endpoints: Sequence[str]
    """Services of AWS that are reached without leaving the network, by the last part of their name ("ecr.api")."""

    protect: bool
    """True refuses to delete or replace the VPC and its subnets: everything stands on them."""


class Network(pulumi.ComponentResource):
    """A VPC. Nodes and pods have no public address; the database's subnets have no way out at all."""

    vpc_id: pulumi.Output[str]
    """Identity of the VPC."""

    public_subnet_ids: pulumi.Output[list[str]]
    """Identities of the public subnets, one for each zone."""

    private_subnet_ids: pulumi.Output[list[str]]
    """Identities of the private subnets, one for each zone."""

    database_subnet_ids: pulumi.Output[list[str]]
    """Identities of the database's subnets, one for each zone."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Network", name, {}, opts)
        self._name, self._args = name, args
        plan = plan_subnets(args["cidr"])
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr"],
            enable_dns_support=True,
            # Interface endpoints answer under the services' own names.
            enable_dns_hostnames=True,
            tags=named(args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"], depends_on=given_dependencies(opts)),
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-security-group",
            vpc_id=self._vpc.id,
            # Whatever is made without naming a group can talk to nobody.
            ingress=[],
            egress=[],
            tags=named(args["tags"], f"{name}-closed"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        public = self._subnets("public", plan.public)
        private = self._subnets("private", plan.private)
        database = self._subnets("database", plan.database)
        tables = self._routes(public, private, database)
        FlowLogs(
            f"{name}-flow-logs",
            {
                "account": args["account"],
                "vpc_id": self._vpc.id,
                "logs_key_arn": args["logs_key_arn"],
                "log_retention_days": args["log_retention_days"],
                "tags": args["tags"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        NetworkEndpoints(
            f"{name}-endpoints",
            {
                "region": args["region"],
                "cidr": args["cidr"],
                "vpc_id": self._vpc.id,
                "route_table_ids": [table.id for table in tables],
                "subnet_ids": [subnet.id for subnet in private],
                "interfaces": args["interface_endpoints"],
                "tags": args["tags"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = self._vpc.id
        self.public_subnet_ids = _identities(public)
        self.private_subnet_ids = _identities(private)
        self.database_subnet_ids = _identities(database)
        register_declared(self)

    def _subnets(self, kind: str, cidrs: Sequence[str]) -> list[aws.ec2.Subnet]:
        args = self._args
        return [
            aws.ec2.Subnet(
                f"{self._name}-{kind}-{zone}",
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=cidr,
                # Nothing gets a public address by being there: load balancers and NAT gateways bring their own.
                map_public_ip_on_launch=False,
                tags={**named(args["tags"], f"{self._name}-{kind}-{zone}"), "tier": kind},
                opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
            )
            for zone, cidr in zip(args["availability_zones"], cidrs, strict=True)
        ]

    def _routes(
        self,
        public: Sequence[aws.ec2.Subnet],
        private: Sequence[aws.ec2.Subnet],
        database: Sequence[aws.ec2.Subnet],
    ) -> list[aws.ec2.RouteTable]:
        """Make the ways out and return the tables of the private subnets."""
        name, zones = self._name, list(self._args["availability_zones"])
        gateway = aws.ec2.InternetGateway(
            f"{name}-internet-gateway",
            vpc_id=self._vpc.id,
            tags=named(self._args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        outside = self._table("public")
        aws.ec2.Route(
            f"{name}-public-route",
            route_table_id=outside.id,
            destination_cidr_block=EVERYWHERE,
            gateway_id=gateway.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for zone, subnet in zip(zones, public, strict=True):
            self._association(f"public-{zone}", subnet, outside)
        served = zones[:1] if self._args["single_nat"] else zones
        nats = [self._nat(zone, subnet, gateway) for zone, subnet in zip(served, public, strict=False)]
        tables: list[aws.ec2.RouteTable] = []
        for index, (zone, subnet) in enumerate(zip(zones, private, strict=True)):
            table = self._table(f"private-{zone}")
            aws.ec2.Route(
                f"{name}-private-{zone}-route",
                route_table_id=table.id,
                destination_cidr_block=EVERYWHERE,
                nat_gateway_id=nats[min(index, len(nats) - 1)].id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._association(f"private-{zone}", subnet, table)
            tables.append(table)
        inside = self._table("database")
        for zone, subnet in zip(zones, database, strict=True):
            self._association(f"database-{zone}", subnet, inside)
        return tables

    def _nat(self, zone: str, subnet: aws.ec2.Subnet, gateway: aws.ec2.InternetGateway) -> aws.ec2.NatGateway:
        name = f"{self._name}-nat-{zone}"
        address = aws.ec2.Eip(
            f"{name}-address",
            domain="vpc",
            tags=named(self._args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return aws.ec2.NatGateway(
            name,
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags=named(self._args["tags"], name),
            # Its address is reachable only while the VPC has a way out.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
        )

    def _table(self, kind: str) -> aws.ec2.RouteTable:
        name = f"{self._name}-{kind}-routes"
        return aws.ec2.RouteTable(
            name,
            vpc_id=self._vpc.id,
            tags=named(self._args["tags"], name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _association(self, kind: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{kind}-association",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _identities(subnets: Sequence[aws.ec2.Subnet]) -> pulumi.Output[list[str]]:
    return pulumi.Output.all(*(subnet.id for subnet in subnets)).apply(lambda found: [str(item) for item in found])
