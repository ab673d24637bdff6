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


def test_every_pod_may_ask_the_clusters_resolver_and_nothing_else_by_default(full: Graph) -> None:
    (rule,) = rules(full, "east-names", "egress")
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("TCP", 53), ("UDP", 53)}
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}


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
