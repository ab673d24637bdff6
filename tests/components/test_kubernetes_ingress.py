"""The ingress on Kubernetes by itself.

Does not prove that a load balancer notices in time that a pod goes.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes import Ingress
from tests.components.alone import BEFORE, NAME, alone, before, children, container, pod, spec
from tests.graph.recorder import Graph

SHUTDOWN_SECONDS = 30
"""Nginx's worker_shutdown_timeout."""


@pytest.fixture(scope="module")
def ingress() -> Graph:
    return alone(Ingress, https_port=443, http_port=80)


def test_it_is_made_after_its_budget_its_paths_and_what_it_waits_for(ingress: Graph) -> None:
    assert children(ingress) == {
        *("files", "certificate", "secret", "account", "budget", "paths", "deployment", "service"),
    }
    assert {f"{NAME}-budget", f"{NAME}-paths", BEFORE} <= ingress.resources[f"{NAME}-deployment"].dependencies
    assert before(ingress, "deployment", "service")


def test_there_are_two_of_it_and_one_at_a_time_goes(ingress: Graph) -> None:
    found = spec(ingress, "deployment")
    assert found["replicas"] >= 2
    assert found["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec(ingress, "budget")["maxUnavailable"] == 1


@pytest.mark.parametrize(("more", "seconds"), [({}, 5), ({"drain_seconds": 60}, 60)])
def test_a_pod_answers_until_load_balancers_have_noticed_and_then_finishes(more: dict[str, Any], seconds: int) -> None:
    graph = alone(Ingress, load_balancer={"annotations": {}, **more})
    nginx = container(graph, "deployment", "nginx")
    assert nginx["lifecycle"]["preStop"] == {"sleep": {"seconds": seconds}}
    assert pod(graph, "deployment")["terminationGracePeriodSeconds"] > seconds + SHUTDOWN_SECONDS


def test_known_replicas_are_served_while_consul_is_away(ingress: Graph) -> None:
    agent = container(ingress, "deployment", "consul-agent")
    assert "readinessProbe" not in agent
    assert "startupProbe" in agent


def test_keys_are_in_secrets_and_files_are_not(ingress: Graph) -> None:
    certificate = ingress.resources[f"{NAME}-certificate"]
    assert certificate.is_secret("stringData")
    assert certificate.plain("immutable") is True
    assert "private_key.pem" in certificate.plain("stringData")
    assert ingress.resources[f"{NAME}-files"].plain("immutable") is True
    assert [name for name, text in ingress.in_plain().items() if "PRIVATE KEY" in text] == []


def test_files_are_mounted_for_reading_alone(ingress: Graph) -> None:
    nginx = container(ingress, "deployment", "nginx")
    (mount,) = [item for item in nginx["volumeMounts"] if item["name"] == "configuration"]
    assert mount["readOnly"] is True


def test_the_cluster_makes_a_load_balancer_unless_there_is_one_outside(ingress: Graph) -> None:
    assert spec(ingress, "service")["type"] == "LoadBalancer"
    outside = alone(
        Ingress,
        load_balancer={"annotations": {}, "outside": "entry.example.com"},
        told=lambda made: {"balancer": made.load_balancer},
    )
    assert spec(outside, "service")["type"] == "ClusterIP"
    assert outside.outputs["balancer"]["value"] == "entry.example.com"


def test_clients_reach_its_two_ports_and_it_reaches_services_and_consul(ingress: Graph) -> None:
    paths = spec(ingress, "paths")
    (rule,) = paths["ingress"]
    assert {port["port"] for port in rule["ports"]} == {8443, 8080}
    roles = {peer["podSelector"]["matchLabels"]["gostack.role"] for item in paths["egress"] for peer in item["to"]}
    assert roles == {"consul-server", "application"}


def test_another_host_makes_new_pods(ingress: Graph) -> None:
    after = alone(Ingress, kept=ingress, https_port=443, http_port=80, hosts=["localhost", "another"])
    assert after.changed(ingress) == {f"{NAME}-files", f"{NAME}-deployment"}
