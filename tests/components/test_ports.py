"""Named ports of a service in its registration, its pods on both platforms, and Nginx's configuration.

Does not prove that requests arrive there: tests/integration/test_15_ports.py does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.consul.check import Check
from components.ingress import CanaryTraffic, IngressConfiguration, Route, render_ingress
from components.ingress.kubernetes import Ingress
from components.microservice.docker import Microservice as OnDocker
from components.microservice.kubernetes import Microservice as OnKubernetes
from components.microservice.metrics import Metrics
from components.microservice.workload import NamedPort
from tests.components.alone import NAME, alone, container, entry, pod, spec
from tests.components.nginx_text import Directive, effective

PORTS = {"grpc": NamedPort(port=9090, protocol="grpc"), "admin": NamedPort(port=6060)}
CHECK = Check(port="admin", path="/live", interval="3s")
LABEL = "net.ipv4.ip_unprivileged_port_start"


def registered(**changes: Any) -> list[dict[str, Any]]:
    graph = alone(OnDocker, **{"replicas": 1, "ports": PORTS, **changes})
    configuration = graph.resources[f"{NAME}-0-registration-agent"].environment["AGENT_CONFIGURATION"]
    services: list[dict[str, Any]] = json.loads(configuration)["services"]
    return services


def test_a_replica_is_registered_for_each_port_that_others_use() -> None:
    assert [(one["name"], one["port"], one["tags"]) for one in registered()] == [
        ("users", 8080, ["stable"]),
        ("users-grpc", 9090, ["stable"]),
    ]


def test_a_replica_takes_requests_on_all_of_its_ports_or_on_none() -> None:
    users, grpc = registered(check=CHECK)
    http, *connections = users["checks"]
    assert http["http"].endswith(":6060/live")
    assert [(one["tcp"].rpartition(":")[2], one["interval"]) for one in connections] == [("8080", "3s"), ("9090", "3s")]
    assert grpc["checks"] == [{"name": "users-grpc answers", "alias_service": "users"}]


def test_the_metrics_of_a_replica_are_found_once() -> None:
    assert ["metrics_path" in one["meta"] for one in registered(metrics=Metrics())] == [True, False]


def test_a_replica_counts_when_it_is_found_by_every_name_on_docker() -> None:
    graph = alone(OnDocker, replicas=1, ports=PORTS)
    test = graph.resources[f"{NAME}-0-registration-agent"].plain("healthcheck")["tests"][-1]
    assert "/users?passing" in test
    assert "/users-grpc?passing" in test
    assert "admin" not in test


def test_a_pod_is_ready_when_it_is_found_by_every_name_and_leaves_by_each() -> None:
    graph = alone(OnKubernetes, ports=PORTS, check=CHECK)
    agent = container(graph, "deployment", "consul-agent")
    ready, stop = agent["readinessProbe"]["exec"]["command"][-1], agent["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert "/users?passing" in ready
    assert "/users-grpc?passing" in ready
    assert stop == "consul services deregister -id=users; consul services deregister -id=users-grpc"


def test_a_pod_names_its_ports_and_is_probed_at_that_of_its_check() -> None:
    application = container(alone(OnKubernetes, ports=PORTS, check=CHECK), "deployment", "application")
    assert {one["name"]: one["containerPort"] for one in application["ports"]} == {
        "http": 8080,
        "grpc": 9090,
        "admin": 6060,
    }
    assert application["readinessProbe"]["httpGet"]["port"] == 6060
    assert application["livenessProbe"]["tcpSocket"]["port"] == 6060


def test_no_two_ports_of_a_pod_have_one_name() -> None:
    named = alone(OnKubernetes, ports={"http": NamedPort(port=8000, protocol="http")})
    found = container(named, "deployment", "application")["ports"]
    assert {one["name"]: one["containerPort"] for one in found} == {"main": 8080, "http": 8000}


def test_nobody_reaches_a_port_without_a_protocol_from_outside_of_its_pod() -> None:
    (rule,) = spec(alone(OnKubernetes, ports=PORTS), "paths")["ingress"]
    assert [one["port"] for one in rule["ports"]] == [8080, 9090]


@pytest.mark.parametrize("changes", [{"port": 80}, {"ports": {"admin": NamedPort(port=81)}}], ids=str)
def test_a_program_may_listen_below_1024_whoever_it_runs_as(changes: dict[str, Any]) -> None:
    cluster = alone(OnKubernetes, **changes)
    security = container(cluster, "deployment", "application")["securityContext"]
    assert security["capabilities"] == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    assert security["runAsUser"] != 0
    assert pod(cluster, "deployment")["securityContext"]["sysctls"] == [{"name": LABEL, "value": "0"}]
    engine = alone(OnDocker, replicas=1, **changes).resources[f"{NAME}-0-application"]
    assert engine.plain("capabilities") == {"adds": ["CAP_NET_BIND_SERVICE"], "drops": ["ALL"]}


def test_a_program_gets_no_capability_that_it_does_not_need() -> None:
    cluster = alone(OnKubernetes, ports=PORTS)
    assert container(cluster, "deployment", "application")["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "sysctls" not in pod(cluster, "deployment")["securityContext"]


def rendered(canary: CanaryTraffic | None = None) -> Directive:
    routes = [Route(path="/users"), Route.model_validate({"path": "/u.v1.Users", "port": "grpc", "protocol": "grpc"})]
    configuration = IngressConfiguration(
        region="east",
        other_regions=["west"],
        hosts=["localhost"],
        https_port=8443,
        routes={"users": routes},
        canaries={} if canary is None else {"users": canary},
        internal={"users": Route(path="/"), "users-grpc": Route(path="/", port="grpc"), "orders": Route(path="/")},
    )
    return effective(render_ingress(configuration))


def servers(configuration: Directive, name: str) -> list[Directive]:
    return [
        item
        for item in configuration.all()
        if item.name == "server" and any(words.split()[0] == name for words in item.values("server_name"))
    ]


def passes(within: Directive, directive: str) -> set[str]:
    return {words for item in within.all() for words in item.values(directive)}


def test_a_route_asks_the_replicas_at_its_port() -> None:
    (entry_server,) = servers(rendered(), "localhost")
    assert passes(entry_server, "grpc_pass") == {"grpc://grpc.$track.users-grpc.$any_region"}
    assert "http://$track.users.$first_region" in passes(entry_server, "proxy_pass")
    upstream = next(item for item in rendered().all() if item.words == ["stable.users-grpc.east"])
    assert upstream.values("server") == [
        "service.east.consul service=_users-grpc._stable resolve max_fails=0",
    ]


def test_a_call_by_the_name_of_a_port_reaches_that_port_alone() -> None:
    (named,) = servers(rendered(), "users-grpc")
    assert passes(named, "grpc_pass") == {"grpc://grpc.$track.users-grpc.$any_region"}
    assert {words.split(".")[1] for words in passes(named, "proxy_pass")} == {"users-grpc"}


def test_all_ports_of_a_service_share_its_canary_and_its_name_in_the_log() -> None:
    configuration = rendered(CanaryTraffic(weight=10))
    for name in ("users", "users-grpc"):
        (named,) = servers(configuration, name)
        found = passes(named, "set")
        assert "$upstream_service users" in found
        assert "$track $track_of_users" in found
    assert [item for item in configuration.all() if item.words == ["canary.users-grpc.east"]]
    shares = [item for item in configuration.all() if item.name == "split_clients"]
    assert len(shares) == 1


def test_the_name_of_a_port_leads_to_the_ingress_on_kubernetes() -> None:
    internal = {"users": Route(path="/"), "users-grpc": Route(path="/", port="grpc")}
    graph = alone(Ingress, configuration=entry(internal=internal))
    service = graph.resources[f"{NAME}-to-users-grpc"]
    assert service.plain("metadata")["name"] == "users-grpc"
    (port,) = service.plain("spec")["ports"]
    assert (port["port"], port["targetPort"]) == (80, 8083)
