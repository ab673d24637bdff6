"""The telemetry of a stack on Kubernetes by itself: what it may ask of the cluster, who reaches it and what it keeps.

Does not prove that the programs take these files and arguments, nor that the cluster answers:
tests/integration_kubernetes/test_16_telemetry.py asks the running ones.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from components.telemetry.kubernetes import Telemetry
from tests.components.alone import BEFORE, NAME, Secret, alone, children, container, exported, pod, spec
from tests.contract.test_instances import CONSUL, REGION, VALUES
from tests.graph.recorder import Graph, unwrapped

REGIONS = ("east", "west")
PARTS = ("metrics", "logs", "alerts", "collector", "console")
WEST = {**REGION, "region": "west", "network": "west-network"}
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
WATCHED = {**VALUES["mysql_monitoring"], "password": Secret("correct-horse")}
RECEIVERS = {"hook": {"kind": "webhook", "alerts": "all", "values": {"url": "https://hooks.example.com:8443/a"}}}


@pytest.fixture(scope="module")
def telemetry() -> Graph:
    return alone(
        Telemetry,
        regions=[{**REGION, "namespace": "shop"}, {**WEST, "namespace": "shop"}],
        consul=[{**CONSUL, "server_addresses": ["consul-east-0.consul-east.shop-east.svc"]}],
        mysql=WATCHED,
        receiver_ports=[],
        told=lambda made: {"url": made.url},
    )


def mounts(graph: Graph, part: str) -> dict[str, str]:
    return {item["mountPath"]: item["name"] for item in container(graph, "program", part)["volumeMounts"]}


def flags(graph: Graph, part: str) -> dict[str, str]:
    return {flag.partition("=")[0]: flag.partition("=")[2] for flag in container(graph, "program", part)["args"]}


def found(graph: Graph, part: str, path: str) -> str:
    """The text that a program finds at a path."""
    (mount,) = [item for item in container(graph, "program", part)["volumeMounts"] if item["mountPath"] == path]
    return unwrapped(graph.resources[f"{NAME}-files"].inputs["stringData"])[mount["subPath"]]


def paths(graph: Graph, name: str, direction: str) -> list[tuple[str, list[int]]]:
    """Role or network to the ports that a policy opens; without ports it opens all."""
    return sorted(
        (
            peer["podSelector"]["matchLabels"]["gostack.role"] if "podSelector" in peer else peer["ipBlock"]["cidr"],
            [port["port"] for port in rule.get("ports", [])],
        )
        for rule in spec(graph, name).get(direction, [])
        for peer in rule["from" if direction == "ingress" else "to"]
    )


def test_it_is_one_pod_that_waits_for_its_rights_and_its_paths(telemetry: Graph) -> None:
    policies = {f"asks-{role}-{region}" for role in ("consul-server", "application", "mysql") for region in REGIONS}
    rights = {f"{name}-{region}" for name in ("reads", "may-read") for region in REGIONS}
    assert children(telemetry) == {"account", "service", "pods", "paths", "files", "program", *policies, *rights}
    program = telemetry.resources[f"{NAME}-program"]
    assert {f"{NAME}-{one}" for one in ("service", "paths", "may-read-west", "asks-mysql-west")} <= program.dependencies
    assert BEFORE in program.dependencies
    assert [item["name"] for item in pod(telemetry, "program")["containers"]] == list(PARTS)
    assert spec(telemetry, "program")["replicas"] == 1


@pytest.mark.parametrize("region", REGIONS)
def test_it_may_read_pods_and_their_logs_in_the_stacks_namespaces_and_nothing_else(
    telemetry: Graph, region: str
) -> None:
    role, binding = (telemetry.resources[f"{NAME}-{name}-{region}"] for name in ("reads", "may-read"))
    assert [(one["apiGroups"], one["resources"], one["verbs"]) for one in role.plain("rules")] == [
        ([""], ["pods"], ["list"]),
        ([""], ["pods/log"], ["get"]),
        (["metrics.k8s.io"], ["pods"], ["list"]),
    ]
    assert {one.plain("metadata")["namespace"] for one in (role, binding)} == {f"{region}-network"}
    assert binding.plain("roleRef")["name"] == role.plain("metadata")["name"]
    (subject,) = binding.plain("subjects")
    assert (subject["name"], subject["namespace"]) == (f"{NAME}-account", "east-network")


def test_the_collector_alone_has_the_token(telemetry: Graph) -> None:
    assert pod(telemetry, "program")["automountServiceAccountToken"] is False
    assert [part for part in PARTS if ACCOUNT in mounts(telemetry, part)] == ["collector"]


def test_it_sees_no_folder_of_a_node_and_is_nobody(telemetry: Graph) -> None:
    assert [volume for volume in pod(telemetry, "program")["volumes"] if "hostPath" in volume] == []
    for part in PARTS:
        security = container(telemetry, "program", part)["securityContext"]
        assert (security["runAsUser"], security["runAsNonRoot"], security["readOnlyRootFilesystem"]) == (
            65534,
            True,
            True,
        )


def test_services_reach_the_collector_alone_and_nobody_the_console(telemetry: Graph) -> None:
    assert paths(telemetry, "paths", "ingress") == [("application", [4318])]
    for region in REGIONS:
        assert paths(telemetry, f"asks-application-{region}", "egress") == [("telemetry", [4318])]
    assert {port["name"]: port["port"] for port in spec(telemetry, "service")["ports"]} == {
        "otlp": 4318,
        "console": 3000,
    }
    assert telemetry.resources[f"{NAME}-service"].plain("metadata")["name"] == "telemetry"
    assert exported(telemetry, "url") == "http://telemetry.shop-east.svc:3000"


@pytest.mark.parametrize("part", ["metrics", "logs", "alerts"])
def test_no_service_can_ask_or_change_a_store(telemetry: Graph, part: str) -> None:
    assert flags(telemetry, part)["-httpListenAddr"].startswith("127.0.0.1:")


def test_it_reaches_what_it_asks_and_is_let_in_there(telemetry: Graph) -> None:
    assert paths(telemetry, "paths", "egress") == [
        ("0.0.0.0/0", [443, 6443]),
        ("application", []),
        ("consul-server", [8500]),
        ("mysql", [3306]),
        ("nginx", [8443]),
    ]
    for role, ports in {"consul-server": [8500], "application": [], "mysql": [3306]}.items():
        for region in REGIONS:
            asked = f"asks-{role}-{region}"
            assert paths(telemetry, asked, "ingress") == [("telemetry", ports)]
            assert spec(telemetry, asked)["podSelector"]["matchLabels"] == {"gostack.role": role}
            assert telemetry.resources[f"{NAME}-{asked}"].plain("metadata")["namespace"] == f"{region}-network"


def test_each_program_finds_what_it_is_told_where_it_looks(telemetry: Graph) -> None:
    collector: Any = json.loads(found(telemetry, "collector", "/etc/gostack/collector.json"))
    assert collector["namespaces"] == ["shop-east", "shop-west"]
    assert not {"containers", "cgroups"} & collector.keys()
    assert (collector["state"], collector["mysql"]["members"]) == ("/state", WATCHED["addresses"])
    assert found(telemetry, "collector", collector["mysql"]["password"]) == "correct-horse"
    scraped = yaml.safe_load(found(telemetry, "metrics", flags(telemetry, "metrics")["-promscrape.config"]))
    (consul,) = scraped["scrape_configs"][0]["consul_sd_configs"]
    assert consul["server"] == "consul-east-0.consul-east.shop-east.svc:8500"
    assert found(telemetry, "alerts", "/etc/gostack/rules/consul.yml") == "groups: []"
    console = json.loads(found(telemetry, "console", "/etc/gostack/console.json"))
    # As it is asked through a forwarded port.
    assert console["hosts"] == ["localhost", "*.localhost", "127.0.0.1"]
    assert telemetry.resources[f"{NAME}-files"].is_secret("stringData")


def test_what_is_kept_outlives_it_and_the_place_of_the_collector_is_beside_the_store(telemetry: Graph) -> None:
    claims = {
        one["metadata"]["name"]: one["spec"]["resources"]["requests"]["storage"]
        for one in spec(telemetry, "program")["volumeClaimTemplates"]
    }
    # What VictoriaLogs may take, and what is left of it when an alert says that there is no more.
    assert claims == {"metrics": "5Gi", "logs": "5Gi"}
    retention = spec(telemetry, "program")["persistentVolumeClaimRetentionPolicy"]
    assert retention == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert mounts(telemetry, "collector")["/state"] == mounts(telemetry, "logs")["/data"] == "logs"
    assert flags(telemetry, "logs")["-storageDataPath"] == "/data/logs"
    assert flags(telemetry, "metrics")["-storageDataPath"] == "/data/metrics"


def test_whoever_is_told_is_told_by_alertmanager_beside_it() -> None:
    graph = alone(Telemetry, receivers=RECEIVERS, receiver_ports=[8443])
    assert ("0.0.0.0/0", [8443]) in paths(graph, "paths", "egress")
    assert flags(graph, "alerts")["-notifier.url"] == "http://127.0.0.1:9093"
    assert flags(graph, "alertmanager")["--storage.path"] == "/data/alertmanager"
    assert mounts(graph, "alertmanager")["/data"] == "metrics"
    assert "hooks.example.com" in found(graph, "alertmanager", "/etc/gostack/alertmanager.yml")


@pytest.mark.parametrize("part", ["collector", "console"])
def test_a_program_of_ours_says_itself_how_it_is(telemetry: Graph, part: str) -> None:
    assert container(telemetry, "program", part)["readinessProbe"]["exec"]["command"] == ["/service", "health"]
    assert "tcpSocket" in container(telemetry, "program", part)["livenessProbe"]


@pytest.mark.parametrize("part", ["metrics", "logs", "alerts"])
def test_the_console_says_how_a_store_is_that_nobody_else_reaches(telemetry: Graph, part: str) -> None:
    ready, live = (container(telemetry, "program", part)[probe] for probe in ("readinessProbe", "livenessProbe"))
    asked = {"port": 3000, "path": f"/health/{part}", "httpHeaders": [{"name": "Host", "value": "localhost"}]}
    assert ready["httpGet"] == live["httpGet"] == asked
    assert live["failureThreshold"] * live["periodSeconds"] == 600
