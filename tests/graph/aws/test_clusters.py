"""The clusters of the regions: who reaches their API server, who is administrator, which role runs what."""

from __future__ import annotations

import json

from tests.graph.aws.regions import REGIONS
from tests.graph.prod import Document, ground
from tests.graph.recorder import Graph


def test_the_api_server_is_closed_unless_networks_are_named() -> None:
    def closed(document: Document) -> None:
        document["aws"].pop("api_access")

    for cluster in ground(closed).of_type("aws:eks/cluster:Cluster"):
        access = cluster.plain("vpcConfig")
        assert (access["endpointPublicAccess"], access["endpointPrivateAccess"]) == (False, True)
        assert "publicAccessCidrs" not in access


def test_the_api_server_is_opened_to_the_named_networks_only(prod: Graph) -> None:
    for cluster in prod.of_type("aws:eks/cluster:Cluster"):
        assert cluster.plain("vpcConfig")["publicAccessCidrs"] == ["203.0.113.0/24"]


def test_nodes_are_in_private_subnets(prod: Graph) -> None:
    for region in REGIONS:
        subnets = prod.resources[f"cluster-{region}-control-plane"].plain("vpcConfig")["subnetIds"]
        assert subnets == [f"id-of-network-{region}-private-{region}{zone}" for zone in "abc"]
    assert all(subnet.plain("mapPublicIpOnLaunch") is False for subnet in prod.of_type("aws:ec2/subnet:Subnet"))


def test_a_role_is_given_by_what_runs_and_by_nothing_else(prod: Graph) -> None:
    trusted = set()
    for role in prod.of_type("aws:iam/role:Role"):
        (statement,) = json.loads(role.plain("assumeRolePolicy"))["Statement"]
        trusted.add(statement["Principal"]["Service"])
        assert role.plain("path") == "/gostack/"
    assert trusted == {
        "ec2.amazonaws.com",
        "eks.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "pods.eks.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    }
