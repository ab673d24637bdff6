"""Who may reach what: nothing but the load balancer is open to the internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.resource import Graph, Marker, Resource, listing
from policy.rule import (
    PROD_ALONE,
    SHARED,
    Context,
    Environment,
    Finding,
    Findings,
    context_rule,
    resource_rule,
    stack_rule,
)

ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
LOAD_BALANCER_PORTS = frozenset({80, 443})
_DATABASE_PORTS = frozenset({3306, 33060, 5432, 6379})

_INLINE = "aws:ec2/securityGroup:SecurityGroup"
_DEFAULT = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_BALANCERS = frozenset({"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"})


@stack_rule("open-ingress")
def open_ingress(graph: Graph) -> Findings:
    """No security group lets the whole internet in, except a load balancer's on its ports 443 and 80."""
    for group, resource, path, ports in _open_ways(graph):
        if isinstance(ports, Marker):
            continue
        allowed = group is not None and _guards_a_load_balancer(graph, group)
        if allowed and ports is not None and set(ports) <= LOAD_BALANCER_PORTS:
            continue
        which = "every port" if ports is None else f"port {_span(ports)}"
        yield Finding(
            resource,
            path,
            f"lets the whole internet in on {which}",
            "name the networks or security groups that may come in; only a load balancer's 443 and 80 may be open",
        )


@resource_rule("public-database")
def public_database(resource: Resource) -> Findings:
    """No database has an address that the internet reaches, and none publishes a port of the machine."""
    if resource.type in (
        "aws:rds/instance:Instance",
        "aws:rds/clusterInstance:ClusterInstance",
        "aws:redshift/cluster:Cluster",
    ):
        if resource.at("publiclyAccessible") is True:
            yield Finding(
                resource, "publiclyAccessible", "is true: the database has a public address", "set it to False"
            )
    elif resource.package == "docker" and resource.kind == "Container":
        for index, port in enumerate(listing(resource.at("ports"))):
            if port.get("internal") in _DATABASE_PORTS:
                yield Finding(
                    resource,
                    f"ports.{index}",
                    f"publishes the database's port {port['internal']} on the machine",
                    "remove it: services reach the database through their network",
                )
    elif resource.kind == "Service" and resource.at("spec.type") in ("LoadBalancer", "NodePort"):
        for index, port in enumerate(listing(resource.at("spec.ports"))):
            if port.get("port") in _DATABASE_PORTS or port.get("targetPort") in _DATABASE_PORTS:
                yield Finding(
                    resource,
                    f"spec.ports.{index}",
                    f"offers a database outside of the cluster (type {resource.at('spec.type')})",
                    "use the type ClusterIP",
                )


@stack_rule("database-in-private-subnets", environments=SHARED)
def database_in_private_subnets(graph: Graph) -> Findings:
    """A database's subnets give no public addresses and have no way to the internet."""
    public = {
        item.urn for item in graph.of_type("aws:ec2/subnet:Subnet") if item.at("mapPublicIpOnLaunch") is True
    } | _routed_to_the_internet(graph)
    for group in graph.of_type("aws:rds/subnetGroup:SubnetGroup"):
        for urn in sorted(group.property_dependencies.get("subnetIds", frozenset()) & public):
            yield Finding(
                group,
                "subnetIds",
                f"holds {graph.by_urn[urn].name}, which is a public subnet",
                "use the database subnets alone",
            )


@resource_rule("closed-cluster-endpoint", environments=SHARED)
def closed_cluster_endpoint(resource: Resource) -> Findings:
    """The Kubernetes API of a cluster is reached privately, or from networks that are named."""
    if resource.type != "aws:eks/cluster:Cluster":
        return
    # EKS opens the public endpoint to everybody unless it is told otherwise.
    public = resource.at("vpcConfig.endpointPublicAccess", True)
    allowed = listing(resource.at("vpcConfig.publicAccessCidrs"))
    if public is True and (not allowed or ANYWHERE & set(allowed)):
        yield Finding(
            resource,
            "vpcConfig.endpointPublicAccess",
            "lets the whole internet reach the cluster's API",
            "set it to False, or name the allowed networks in publicAccessCidrs",
        )
    if public is False and resource.at("vpcConfig.endpointPrivateAccess") is not True:
        yield Finding(
            resource,
            "vpcConfig.endpointPrivateAccess",
            "is not true while the public endpoint is closed: nobody reaches the API",
            "set it to True",
        )


@stack_rule("default-security-group-closed", environments=PROD_ALONE)
def default_security_group_closed(graph: Graph) -> Findings:
    """A VPC's default security group allows nothing: what forgets its own group must not reach anybody."""
    for group in graph.of_type(_DEFAULT):
        for key in ("ingress", "egress"):
            if listing(group.at(key)):
                yield Finding(group, key, "allows traffic", "remove it: every resource has a group of its own")
    closed = frozenset[str]().union(*(item.dependencies for item in graph.of_type(_DEFAULT)))
    for vpc in graph.of_type("aws:ec2/vpc:Vpc"):
        if vpc.urn not in closed:
            yield Finding(
                vpc,
                "default security group",
                "is left as AWS makes it, open between its members",
                "add an aws.ec2.DefaultSecurityGroup for this VPC with neither ingress nor egress",
            )


@context_rule("loopback-ports")
def loopback_ports(resource: Resource, context: Context) -> Findings:
    """A container publishes its ports on one address of the machine, in dev the loopback address."""
    if resource.package != "docker" or resource.kind != "Container":
        return
    for index, port in enumerate(listing(resource.at("ports"))):
        address = port.get("ip")
        if address in (None, "", "0.0.0.0", "::"):  # noqa: S104  (what is refused)
            yield Finding(
                resource,
                f"ports.{index}.ip",
                "is every address of the machine: whoever is in its network gets in",
                'set the region\'s bind_address to "127.0.0.1"',
            )
        elif context.environment is Environment.DEV and isinstance(address, str) and not address.startswith("127."):
            yield Finding(
                resource,
                f"ports.{index}.ip",
                f"is {address}, which others in its network reach",
                'set the region\'s bind_address to "127.0.0.1"',
            )


def _open_ways(graph: Graph) -> Iterator[tuple[Resource | None, Resource, str, range | Marker | None]]:
    """Return (security group, resource that says so, property, ports) of each way in that is open to everybody."""
    for resource in graph:
        if resource.type in (_INLINE, _DEFAULT):
            for index, rule in enumerate(listing(resource.at("ingress"))):
                if _anywhere(rule, "cidrBlocks", "ipv6CidrBlocks"):
                    yield resource, resource, f"ingress.{index}", _ports(rule, rule.get("protocol"))
        elif resource.type == _RULE and resource.at("type") == "ingress":
            if _anywhere(resource.inputs, "cidrBlocks", "ipv6CidrBlocks"):
                yield (
                    _group_of(graph, resource),
                    resource,
                    "cidrBlocks",
                    _ports(resource.inputs, resource.at("protocol")),
                )
        elif resource.type == _INGRESS and {resource.at("cidrIpv4"), resource.at("cidrIpv6")} & ANYWHERE:
            yield _group_of(graph, resource), resource, "cidrIpv4", _ports(resource.inputs, resource.at("ipProtocol"))


def _anywhere(rule: Any, *keys: str) -> bool:
    return any(set(map(str, listing(rule.get(key)))) & ANYWHERE for key in keys)


def _ports(rule: Any, protocol: Any) -> range | Marker | None:
    first, last = rule.get("fromPort"), rule.get("toPort")
    if Marker.UNKNOWN in (first, last, protocol):
        return Marker.UNKNOWN
    if str(protocol) in ("-1", "all") or not isinstance(first, int) or not isinstance(last, int):
        return None
    return range(first, last + 1)


def _span(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"


def _group_of(graph: Graph, rule: Resource) -> Resource | None:
    for urn in rule.property_dependencies.get("securityGroupId", frozenset()):
        if urn in graph.by_urn and graph.by_urn[urn].type == _INLINE:
            return graph.by_urn[urn]
    return None


def _guards_a_load_balancer(graph: Graph, group: Resource) -> bool:
    """Whether a load balancer of the graph takes the group, or a Service tells its load balancer to."""
    if any(item.type in _BALANCERS for item in graph.used_by(group)):
        return True
    return any(
        item.package == "kubernetes" and item.kind == "Service" and item.at("spec.type") == "LoadBalancer"
        for item in graph.used_by(group)
    )


def _routed_to_the_internet(graph: Graph) -> set[str]:
    gateways = {item.urn for item in graph.of_type("aws:ec2/internetGateway:InternetGateway")}
    tables = {
        urn
        for route in graph.of_type("aws:ec2/route:Route")
        if route.property_dependencies.get("gatewayId", frozenset()) & gateways
        for urn in route.property_dependencies.get("routeTableId", frozenset())
    }
    return {
        urn
        for association in graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if association.property_dependencies.get("routeTableId", frozenset()) & tables
        for urn in association.property_dependencies.get("subnetId", frozenset())
    }
