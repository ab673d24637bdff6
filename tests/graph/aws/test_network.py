"""Ways in and out of the regions' networks: each one is meant."""

from __future__ import annotations

from tests.graph.aws.regions import REGIONS
from tests.graph.prod import Document, ground
from tests.graph.recorder import Graph


def test_a_zone_that_is_lost_takes_the_way_out_of_no_other_zone(prod: Graph) -> None:
    for region in REGIONS:
        for zone in "abc":
            route = prod.resources[f"network-{region}-private-{region}{zone}-route"]
            assert route.dependencies >= {f"network-{region}-nat-{region}{zone}"}


def test_a_small_stack_has_one_nat_gateway_one_instance_and_no_interface_endpoint() -> None:
    def small(document: Document) -> None:
        document["aws"]["size"] = "small"

    graph = ground(small)
    assert len(graph.of_type("aws:ec2/natGateway:NatGateway")) == len(REGIONS)
    assert len(graph.of_type("aws:rds/clusterInstance:ClusterInstance")) == len(REGIONS)
    endpoints = graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {item.plain("vpcEndpointType") for item in endpoints} == {"Gateway"}


def test_the_databases_subnets_have_no_way_out(prod: Graph) -> None:
    for region in REGIONS:
        table = f"network-{region}-database-routes"
        assert [route.name for route in prod.of_type("aws:ec2/route:Route") if table in route.dependencies] == []


def test_the_default_security_group_lets_nobody_in_or_out(prod: Graph) -> None:
    groups = prod.of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert len(groups) == len(REGIONS)
    assert all(group.plain("ingress") == [] and group.plain("egress") == [] for group in groups)


def test_only_the_load_balancers_ports_80_and_443_are_open_to_the_world(prod: Graph) -> None:
    rules = prod.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    opened = {(rule.parent, rule.plain("fromPort")) for rule in rules if rule.plain("cidrIpv4") == "0.0.0.0/0"}
    assert opened == {(f"entry-{region}", port) for region in REGIONS for port in (80, 443)}
    for group in prod.of_type("aws:ec2/securityGroup:SecurityGroup"):
        assert "ingress" not in group.inputs
        assert "egress" not in group.inputs


def test_pods_are_reached_from_the_load_balancer_alone(prod: Graph) -> None:
    for region in REGIONS:
        rules = [
            rule
            for rule in prod.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
            if rule.plain("securityGroupId") == f"sg-of-cluster-{region}-control-plane"
        ]
        assert {rule.plain("fromPort") for rule in rules} == {8443, 8080}
        assert {rule.plain("referencedSecurityGroupId") for rule in rules} == {f"id-of-entry-{region}-security-group"}


def test_the_database_is_reached_from_the_pods_of_its_region_alone(prod: Graph) -> None:
    for region in REGIONS:
        rule = prod.resources[f"database-{region}-from-pods"]
        assert rule.plain("referencedSecurityGroupId") == f"sg-of-cluster-{region}-control-plane"
        assert (rule.plain("fromPort"), rule.plain("toPort")) == (3306, 3306)
    for instance in prod.of_type("aws:rds/clusterInstance:ClusterInstance"):
        assert instance.plain("publiclyAccessible") is False
