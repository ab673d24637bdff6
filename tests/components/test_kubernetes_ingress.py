"""The ingress on Kubernetes by itself.

Does not prove that a load balancer notices in time that a pod goes.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from components.ingress import RELEASE_PLACEHOLDER, Route, docker
from components.ingress.docker import variable_name
from components.ingress.kubernetes import Ingress
from components.ingress.login import Login
from tests.components.alone import BEFORE, NAME, Secret, alone, before, children, container, entry, pod, spec, variables
from tests.graph.recorder import Graph

REQUEST_SECONDS = 30
"""What a request that has begun gets to end."""


@pytest.fixture(scope="module")
def ingress() -> Graph:
    return alone(Ingress, configuration=entry(https_port=443), http_port=80)


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
    assert pod(graph, "deployment")["terminationGracePeriodSeconds"] > seconds + REQUEST_SECONDS


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
        load_balancer={"annotations": {}, "external_hostname": "entry.example.com"},
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


def test_a_service_is_called_by_its_name_on_port_80_of_its_namespace() -> None:
    named = alone(Ingress, configuration=entry(internal={"orders": Route(path="/"), "users": Route(path="/")}))
    assert children(named) >= {"to-orders", "to-users", "application-calls"}
    for name in ("orders", "users"):
        found = spec(named, f"to-{name}")
        assert named.resources[f"{NAME}-to-{name}"].plain("metadata")["name"] == name
        assert [(port["port"], port["targetPort"]) for port in found["ports"]] == [(80, 8083)]
        # The pods of this release alone, as clients from outside reach them.
        assert found["selector"] == spec(named, "service")["selector"]
        assert before(named, "deployment", f"to-{name}")
    listened = {port["containerPort"] for port in container(named, "deployment", "nginx")["ports"]}
    assert listened == {8443, 8080, 8083}


def test_only_services_of_the_stack_may_call_by_name(ingress: Graph) -> None:
    named = alone(Ingress, configuration=entry(internal={"orders": Route(path="/")}))
    (rule,) = [item for item in spec(named, "paths")["ingress"] if item["ports"][0]["port"] == 8083]
    assert [peer["podSelector"]["matchLabels"]["gostack.role"] for peer in rule["from"]] == ["application"]
    calls = spec(named, "application-calls")
    assert calls["podSelector"]["matchLabels"] == {"gostack.role": "application"}
    assert calls["policyTypes"] == ["Egress"]
    (out,) = calls["egress"]
    assert [port["port"] for port in out["ports"]] == [8083]
    assert {peer["podSelector"]["matchLabels"]["gostack.role"] for peer in out["to"]} == {"nginx"}
    # A stack of one service has nobody to call, and is as it was.
    assert "application-calls" not in children(ingress)


def test_another_host_makes_new_pods(ingress: Graph) -> None:
    after = alone(
        Ingress, kept=ingress, configuration=entry(https_port=443, hosts=["localhost", "another"]), http_port=80
    )
    changed = after.changed(ingress)
    assert {f"{NAME}-files", f"{NAME}-deployment"} <= changed
    assert not {f"{NAME}-{part}" for part in ("certificate", "secret", "account", "budget", "paths")} & changed


def test_nginx_has_the_same_files_as_on_docker(ingress: Graph) -> None:
    on_docker = alone(docker.Ingress, configuration=entry(https_port=443)).resources[f"{NAME}-release-files"]
    names = on_docker.environment["FILES"].split()
    there = {name: on_docker.environment[variable_name(name)] for name in names if not name.endswith(".pem")}
    here = dict(ingress.resources[f"{NAME}-files"].plain("data"))
    # On Docker the script of the release writes its identity, here nobody could.
    release = re.search(r'location = /release .* return 200 "(.+?)\\n"', here["nginx.conf"])
    assert release is not None
    assert {name: text.replace(RELEASE_PLACEHOLDER, release.group(1)) for name, text in there.items()} == here
    assert sum(RELEASE_PLACEHOLDER in text for text in there.values()) == 1


def test_what_hosts_and_logins_need_is_beside_the_certificate() -> None:
    graph = alone(Ingress, edge_files={"login-internal.htpasswd": Secret("ada:hash")})
    certificate = graph.resources[f"{NAME}-certificate"]
    assert certificate.is_secret("stringData")
    assert certificate.plain("stringData")["login-internal.htpasswd"] == "ada:hash"


@pytest.mark.parametrize(
    ("url", "ports"), [("https://login.example.com/k", {443}), ("http://users/keys", {8083}), (None, set[int]())]
)
def test_tokens_are_verified_in_the_pod_which_reaches_their_issuer_alone(url: str | None, ports: set[int]) -> None:
    login = Login(kind="jwt", issuer="i", audience="a", jwks_url=url, jwks=None if url else "keys.json")
    graph = alone(
        Ingress,
        configuration=entry(logins={"api": login}),
        token_verifier={"image": "verifier", "logins": {"api": login}, "key_sets": {"api": '{"keys": []}'}},
    )
    verifier = container(graph, "deployment", "token-verifier")
    assert variables(verifier)["ADDRESS"].startswith("127.0.0.1:")
    assert verifier["readinessProbe"]["exec"]["command"] == ["/service", "--ready"]
    # A sidecar: it answers before Nginx asks it, and until Nginx has ended.
    assert verifier in pod(graph, "deployment")["initContainers"]
    assert verifier["restartPolicy"] == "Always"
    assert verifier["startupProbe"]["exec"]["command"] == ["/service", "--ready"]
    before_it = {port["port"] for rule in spec(alone(Ingress), "paths")["egress"] for port in rule.get("ports", [])}
    found = {port["port"] for rule in spec(graph, "paths")["egress"] for port in rule.get("ports", [])}
    assert found - before_it == ports
