"""Examples of networks, load balancers and the control plane's way in."""

from __future__ import annotations

from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource, without

VPC = resource("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
CLOSED = resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "closed", uses={"vpcId": VPC})

ENTRY = resource(
    "aws:ec2/securityGroup:SecurityGroup",
    "entry",
    {"ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]},
)
INSIDE = resource(
    "aws:ec2/securityGroup:SecurityGroup",
    "inside",
    {"ingress": [{"protocol": "tcp", "fromPort": 3306, "toPort": 3306, "cidrBlocks": ["10.0.0.0/16"]}]},
)
ENTRY_HTTP = resource(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "entry-http",
    {"cidrIpv4": "0.0.0.0/0", "fromPort": 80, "toPort": 80, "ipProtocol": "tcp"},
    uses={"securityGroupId": ENTRY},
)
INSIDE_RULE = resource(
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "inside-rule",
    {"type": "ingress", "cidrBlocks": ["10.0.0.0/8"], "fromPort": 22, "toPort": 22, "protocol": "tcp"},
    uses={"securityGroupId": INSIDE},
)
BALANCER = resource("aws:lb/loadBalancer:LoadBalancer", "balancer", uses={"securityGroups": ENTRY})
WAYS = graph(ENTRY, INSIDE, ENTRY_HTTP, INSIDE_RULE, BALANCER)

PRIVATE = resource("aws:ec2/subnet:Subnet", "private", {"mapPublicIpOnLaunch": False})
PUBLIC = resource("aws:ec2/subnet:Subnet", "public", {"mapPublicIpOnLaunch": True})
ROUTED = resource("aws:ec2/subnet:Subnet", "routed")
GATEWAY = resource("aws:ec2/internetGateway:InternetGateway", "gateway")
TABLE = resource("aws:ec2/routeTable:RouteTable", "table")
ROUTE = resource("aws:ec2/route:Route", "route", uses={"gatewayId": GATEWAY, "routeTableId": TABLE})
ASSOCIATION = resource(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "association",
    uses={"subnetId": ROUTED, "routeTableId": TABLE},
)
SUBNETS = (PRIVATE, PUBLIC, ROUTED, GATEWAY, TABLE, ROUTE, ASSOCIATION)
GROUP = "aws:rds/subnetGroup:SubnetGroup"

CLUSTER = resource(
    "aws:eks/cluster:Cluster",
    "cluster",
    {
        "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
        "enabledClusterLogTypes": ["api", "audit", "authenticator"],
        "encryptionConfig": {"provider": {"keyArn": "arn:aws:kms:x"}, "resources": ["secrets"]},
        "deletionProtection": True,
    },
)
LISTENER = resource(
    "aws:lb/listener:Listener",
    "listener",
    {"protocol": "TLS", "port": 443, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
)
REDIRECT = resource(
    "aws:lb/listener:Listener", "redirect", {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "redirect"}]}
)
LISTENERS = graph(LISTENER, REDIRECT)
FLOWS = graph(VPC, resource("aws:ec2/flowLog:FlowLog", "flows", {"trafficType": "ALL"}, uses={"vpcId": VPC}))
PROBED = graph(resource("aws:route53/healthCheck:HealthCheck", "health", {"type": "HTTPS", "port": 443}))

EXAMPLES = {
    "open-ingress": Example(
        WAYS,
        {
            "SSH from everywhere": changed(WAYS, "inside", "ingress.0.cidrBlocks", ["10.0.0.0/16", "0.0.0.0/0"]),
            "the IPv6 internet": changed(WAYS, "inside", "ingress.0.ipv6CidrBlocks", ["::/0"]),
            "443 of what is no load balancer": without(WAYS, "balancer"),
            "another port of the load balancer": changed(WAYS, "entry", "ingress.0.toPort", 8443),
            "every port of the load balancer": changed(WAYS, "entry", "ingress.0.protocol", "-1"),
            "a rule of its own": changed(WAYS, "inside-rule", "cidrBlocks", ["0.0.0.0/0"]),
            "a rule for SSH on the load balancer": changed(
                changed(WAYS, "entry-http", "fromPort", 22), "entry-http", "toPort", 22
            ),
        },
    ),
    "database-in-private-subnets": Example(
        graph(*SUBNETS, resource(GROUP, "database", uses={"subnetIds": PRIVATE})),
        {
            "a subnet with public addresses": graph(*SUBNETS, resource(GROUP, "database", uses={"subnetIds": PUBLIC})),
            "a subnet routed to the internet": graph(*SUBNETS, resource(GROUP, "database", uses={"subnetIds": ROUTED})),
        },
    ),
    "closed-cluster-endpoint": Example(
        graph(CLUSTER),
        {
            "open by default": changed(graph(CLUSTER), "cluster", "vpcConfig.endpointPublicAccess", REMOVED),
            "open to everybody": changed(
                changed(graph(CLUSTER), "cluster", "vpcConfig.endpointPublicAccess", True),
                "cluster",
                "vpcConfig.publicAccessCidrs",
                ["0.0.0.0/0"],
            ),
            "closed to everybody": changed(graph(CLUSTER), "cluster", "vpcConfig.endpointPrivateAccess", False),
        },
    ),
    "default-security-group-closed": Example(
        graph(VPC, CLOSED),
        {
            "left as AWS makes it": graph(VPC),
            "opened": changed(graph(VPC, CLOSED), "closed", "egress", [{"protocol": "-1"}]),
        },
    ),
    "load-balancer-tls": Example(
        LISTENERS,
        {
            "no policy": changed(LISTENERS, "listener", "sslPolicy", REMOVED),
            "TLS 1.0": changed(LISTENERS, "listener", "sslPolicy", "ELBSecurityPolicy-2016-08"),
            "TLS 1.1": changed(LISTENERS, "listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-1-2021-06"),
            "plain HTTP": changed(LISTENERS, "redirect", "defaultActions.0.type", "forward"),
        },
    ),
    "flow-logs": Example(FLOWS, {"none": without(FLOWS, "flows")}),
    "control-plane-logs": Example(
        graph(CLUSTER),
        {
            "no audit": changed(graph(CLUSTER), "cluster", "enabledClusterLogTypes", ["api", "authenticator"]),
            "none": changed(graph(CLUSTER), "cluster", "enabledClusterLogTypes", REMOVED),
        },
    ),
    "encrypted-health-check": Example(PROBED, {"plain HTTP": changed(PROBED, "health", "type", "HTTP")}),
}
