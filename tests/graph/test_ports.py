"""Named ports in whole stacks: no rule is broken by them, and callers are told of them on both platforms.

Does not prove that anything answers there: tests/integration/test_15_ports.py does.
"""

from __future__ import annotations

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.kubernetes import containers
from tests.graph.recorder import Graph


def with_ports(document: Document) -> None:
    document["services"]["users"] |= {
        "port": 80,
        "ports": {"grpc": {"port": 9090, "protocol": "grpc"}, "admin": {"port": 6060}},
        "check": {"port": "admin"},
        "routes": [{"path": "/u.v1.Users", "port": "grpc", "protocol": "grpc"}],
    }
    document["services"]["shop"] = {
        "image": f"registry.example.com/shop@sha256:{'0' * 64}",
        "replicas": 1,
        "environment": {"USERS": "${service.users.grpc.address}"},
    }


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(with_ports)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return staging_graph(with_ports)


@pytest.mark.parametrize(
    ("platform", "environment"), [("docker", Environment.DEV), ("cluster", Environment.STAGING)], ids=str
)
def test_ports_break_no_rule(platform: str, environment: Environment, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    blocked = [item for item in judge(from_recorded(graph.resources.values()), environment) if item.blocks]
    assert [item.finding.message for item in blocked] == []


def test_the_gateway_is_known_by_the_names_of_ports_on_docker(docker: Graph) -> None:
    networks = docker.resources["ingress-east-gateway-pod-sandbox"].plain("networksAdvanced")
    assert networks[0]["aliases"] == ["shop", "users", "users-grpc"]
    (replica,) = [item for item in docker.with_role("application") if item.labels["gostack.service"] == "shop"][:1]
    assert replica.environment["USERS"] == "users-grpc:80"


def test_the_ingress_is_known_by_the_names_of_ports_on_kubernetes(cluster: Graph) -> None:
    service = cluster.resources["ingress-east-to-users-grpc"]
    assert service.plain("metadata")["name"] == "users-grpc"
    told = [
        variable["value"]
        for container in containers(cluster).values()
        for variable in container.get("env", [])
        if variable["name"] == "USERS"
    ]
    assert told
    assert set(told) == {"users-grpc:80"}
