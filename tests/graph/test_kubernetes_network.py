"""Who may talk to whom on Kubernetes: everything is denied, and each part opens its own few paths.

Does not prove that a cluster's network enforces it; `tests/integration_kubernetes` tries, where the network does.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.graph.conftest import staging_graph
from tests.graph.kubernetes import manifests, pods
from tests.graph.recorder import Graph
from tests.graph.test_kubernetes import everything

Rule = dict[str, Any]


@pytest.fixture(scope="module")
def full() -> Graph:
    return staging_graph(everything)


def rules(graph: Graph, name: str, direction: str) -> list[Rule]:
    return manifests(graph, "NetworkPolicy")[name]["spec"].get(direction, [])


def roles(rule: Rule, key: str) -> list[str]:
    return [peer["podSelector"]["matchLabels"]["gostack.role"] for peer in rule[key] if "podSelector" in peer]


def test_everything_is_denied_in_both_directions(full: Graph) -> None:
    spec = manifests(full, "NetworkPolicy")["east-deny"]["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_pod_may_ask_the_clusters_resolver_and_nothing_else_by_default(full: Graph) -> None:
    (rule,) = rules(full, "east-names", "egress")
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("TCP", 53), ("UDP", 53)}
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}


def test_the_database_is_reached_by_applications_jobs_and_members_alone(full: Graph) -> None:
    (rule,) = rules(full, "mysql-east-paths", "ingress")
    assert roles(rule, "from") == ["application", "job", "mysql"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 3306}]


def test_replicas_are_reached_by_the_ingress_and_by_other_services_alone(full: Graph) -> None:
    (rule,) = rules(full, "users-east-paths", "ingress")
    assert roles(rule, "from") == ["nginx", "application"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]


def test_the_ingress_alone_is_reached_from_everywhere(full: Graph) -> None:
    everywhere = [
        name
        for name, policy in manifests(full, "NetworkPolicy").items()
        for rule in policy["spec"].get("ingress", [])
        if any("ipBlock" in peer for peer in rule["from"])
    ]
    assert everywhere == ["ingress-east-paths"]
    (rule,) = rules(full, "ingress-east-paths", "ingress")
    assert [port["port"] for port in rule["ports"]] == [8443, 8080]


def test_what_a_service_may_reach_outside_is_what_its_settings_say(full: Graph) -> None:
    outside = [rule for rule in rules(full, "users-east-paths", "egress") if "ipBlock" in rule["to"][0]]
    assert outside == [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"protocol": "TCP", "port": 443}]}]


def test_consuls_servers_are_reached_by_agents_alone_and_their_pages_by_nobody(full: Graph) -> None:
    agents, servers = rules(full, "consul-east-paths", "ingress")
    assert roles(agents, "from") == ["consul-server", "application", "nginx", "mysql", "dynamic-configuration"]
    assert [port["port"] for port in agents["ports"]] == [8300]
    assert roles(servers, "from") == ["consul-server"]
    opened = {port["port"] for rule in (agents, servers) for port in rule["ports"]}
    assert opened == {8300, 8302}


def test_no_rule_reaches_pods_of_other_stacks(full: Graph) -> None:
    for name, policy in manifests(full, "NetworkPolicy").items():
        for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
            for peer in rule.get("from", rule.get("to", [])):
                if "namespaceSelector" in peer and name != "east-names":
                    assert peer["namespaceSelector"]["matchLabels"] == {"gostack.stack": "staging"}, name


def test_every_pod_has_a_path_of_its_own(full: Graph) -> None:
    selectors = [
        policy["spec"]["podSelector"].get("matchLabels", {}) for policy in manifests(full, "NetworkPolicy").values()
    ]
    for name, pod in pods(full).items():
        labels = pod["metadata"]["labels"]
        assert [item for item in selectors if item and item.items() <= labels.items()], name
