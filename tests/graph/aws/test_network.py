"""Ways in and out of the regions' networks: each one is meant."""

from __future__ import annotations

from tests.graph.aws.regions import REGIONS
from tests.graph.prod import Document, ground
from tests.graph.recorder import Graph


def test_a_small_stack_has_one_nat_gateway_one_instance_and_no_interface_endpoint() -> None:
    def small(document: Document) -> None:
        document["aws"]["size"] = "small"

    graph = ground(small)
    assert len(graph.of_type("aws:ec2/natGateway:NatGateway")) == len(REGIONS)
    assert len(graph.of_type("aws:rds/clusterInstance:ClusterInstance")) == len(REGIONS)
    endpoints = graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {item.plain("vpcEndpointType") for item in endpoints} == {"Gateway"}


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
