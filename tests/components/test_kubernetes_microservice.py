"""A service's pods on Kubernetes, one component at a time.

Does not prove that a cluster does what the objects say: `tests/integration_kubernetes` does.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.consul.check import Check
from components.consul.instances import POD_NAME
from components.microservice.folders import WritableFolder
from components.microservice.kubernetes import Microservice
from components.microservice.metrics import Metrics
from components.microservice.workload import Autoscaling, Egress
from components.runtime_config.kubernetes import DynamicConfiguration
from tests.components.alone import BEFORE, NAME, alone, children, container, pod, spec, variables
from tests.graph.recorder import Graph

DEPLOYMENT = f"{NAME}-deployment"


@pytest.fixture(scope="module")
def service() -> Graph:
    return alone(
        Microservice,
        drain_seconds=7,
        termination_grace_period_seconds=20,
        startup_timeout_seconds=180,
        # Whoever forgets to say that it is a secret.
        secrets={"PASSWORD": "correct-horse"},
        egress=[Egress(network="203.0.113.0/24", port=443)],
    )


def test_a_deployment_is_made_after_its_budget_and_its_paths(service: Graph) -> None:
    assert children(service) == {"secret", "account", "budget", "paths", "deployment"}
    assert {f"{NAME}-budget", f"{NAME}-paths", BEFORE} <= service.resources[DEPLOYMENT].dependencies


def test_an_old_pod_goes_only_when_every_ingress_has_seen_the_new_one(service: Graph) -> None:
    found = spec(service, "deployment")
    assert found["minReadySeconds"] >= 1
    assert found["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert found["replicas"] == 2


def test_a_pod_serves_on_after_its_deregistration_and_has_time_to_end(service: Graph) -> None:
    application, agent = (container(service, "deployment", name) for name in ("application", "consul-agent"))
    assert application["lifecycle"]["preStop"] == {"sleep": {"seconds": 7}}
    assert "deregister -id=users" in agent["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert pod(service, "deployment")["terminationGracePeriodSeconds"] >= 7 + 20


def test_the_agent_starts_before_the_program_and_ends_after_it_and_tells_whether_clients_find_it(
    service: Graph,
) -> None:
    agent = container(service, "deployment", "consul-agent")
    assert agent in pod(service, "deployment")["initContainers"]
    assert agent["restartPolicy"] == "Always"
    assert "users?passing" in agent["readinessProbe"]["exec"]["command"][-1]


def test_an_update_waits_as_long_as_a_pod_may_take(service: Graph) -> None:
    deadline = spec(service, "deployment")["progressDeadlineSeconds"]
    patience = int(service.resources[DEPLOYMENT].plain("metadata")["annotations"]["pulumi.com/timeoutSeconds"])
    assert deadline > 180
    # One pod after the other.
    assert patience > spec(service, "deployment")["replicas"] * 180
    probe = container(service, "deployment", "application")["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 180


def test_a_path_may_have_a_query_and_a_service_without_one_for_it_lives_while_it_listens() -> None:
    application = container(alone(Microservice, check=Check(path="/health?full=1")), "deployment", "application")
    assert application["readinessProbe"]["httpGet"]["path"] == "/health?full=1"
    assert application["livenessProbe"]["tcpSocket"] == {"port": 8080}


@pytest.mark.parametrize(("protocol", "probe"), [("grpc", "grpc"), ("tcp", "tcpSocket")])
def test_a_service_without_http_is_asked_in_its_own_way(protocol: Any, probe: str) -> None:
    application = container(alone(Microservice, check=Check(protocol=protocol)), "deployment", "application")
    assert application["readinessProbe"][probe]["port"] == 8080
    # What is not SERVING may only wait for something: no reason for a restart.
    assert application["livenessProbe"]["tcpSocket"] == application["startupProbe"]["tcpSocket"] == {"port": 8080}


def test_secrets_are_in_an_immutable_secret_whose_change_makes_new_pods(service: Graph) -> None:
    secret = service.resources[f"{NAME}-secret"]
    assert secret.plain("immutable") is True
    assert "name" not in secret.plain("metadata")
    assert secret.is_secret("stringData")
    application = variables(container(service, "deployment", "application"))
    assert application["PASSWORD"]["secretKeyRef"]["key"] == "PASSWORD"
    assert [name for name, text in service.in_plain().items() if "correct-horse" in text] == []


def test_scrapers_that_do_not_ask_consul_find_the_metrics_by_the_pods_annotations(service: Graph) -> None:
    scraped = alone(Microservice, metrics=Metrics(path="/stats", port=9102))
    assert spec(scraped, "deployment")["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/stats",
        "prometheus.io/port": "9102",
    }
    assert "annotations" not in spec(service, "deployment")["template"]["metadata"]


def test_a_pod_is_registered_with_its_own_name(service: Graph) -> None:
    told = variables(container(service, "deployment", "consul-agent"))["AGENT_CONFIGURATION"]
    (instance,) = json.loads(told)["services"]
    assert instance["meta"] == {"region": "east", "instance": POD_NAME}


def test_one_pod_at_a_time_may_be_evicted_and_never_one_of_another_track() -> None:
    stable, canary = (alone(Microservice, track=track) for track in ("stable", "canary"))
    for graph in (stable, canary):
        budget = spec(graph, "budget")
        assert budget["maxUnavailable"] == 1
        assert budget["selector"] == spec(graph, "deployment")["selector"]
    assert spec(stable, "budget")["selector"] != spec(canary, "budget")["selector"]


def test_nobody_but_the_ingress_and_services_reaches_it_and_it_reaches_what_is_said(service: Graph) -> None:
    paths = spec(service, "paths")
    assert paths["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = paths["ingress"]
    assert {peer["podSelector"]["matchLabels"]["gostack.role"] for peer in rule["from"]} == {"nginx", "application"}
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
    outside = [item for item in paths["egress"] if "ipBlock" in item["to"][0]]
    assert [(item["to"][0]["ipBlock"]["cidr"], item["ports"][0]["port"]) for item in outside] == [
        ("203.0.113.0/24", 443)
    ]


def test_the_autoscaler_has_the_number_and_begins_with_the_settings() -> None:
    graph = alone(Microservice, replicas=3, autoscaling=Autoscaling(maximum=9, cpu_percent=60))
    assert "replicas" not in spec(graph, "deployment")
    found = spec(graph, "autoscaler")
    assert (found["minReplicas"], found["maxReplicas"]) == (3, 9)
    (metric,) = found["metrics"]
    assert metric["containerResource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert DEPLOYMENT in graph.resources[f"{NAME}-autoscaler"].dependencies


@pytest.mark.parametrize("cls", [Microservice, DynamicConfiguration])
def test_no_pod_has_rights_on_the_cluster_or_on_its_node(cls: Any) -> None:
    graph = alone(cls)
    specification = pod(graph, "deployment")
    assert specification["automountServiceAccountToken"] is False
    assert graph.resources[f"{NAME}-account"].plain("automountServiceAccountToken") is False
    for item in [*specification.get("initContainers", []), *specification["containers"]]:
        security = item["securityContext"]
        assert security["readOnlyRootFilesystem"] is security["runAsNonRoot"] is True
        assert security["allowPrivilegeEscalation"] is security["privileged"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_pods_are_spread_and_never_wait_for_a_place() -> None:
    specification = pod(alone(Microservice), "deployment")
    assert {item["whenUnsatisfiable"] for item in specification["topologySpreadConstraints"]} == {"ScheduleAnyway"}
    assert "preferredDuringSchedulingIgnoredDuringExecution" in specification["affinity"]["podAntiAffinity"]


def test_a_document_stays_until_the_next_one_is_written() -> None:
    graph = alone(DynamicConfiguration, document='{"a": 1}')
    assert children(graph) == {"secret", "account", "paths", "deployment"}
    writer = container(graph, "deployment", "writer")
    overlap = writer["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert overlap > 0
    assert pod(graph, "deployment")["terminationGracePeriodSeconds"] > overlap
    assert spec(graph, "deployment")["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert variables(writer)["DOCUMENT"] == '{"a": 1}'
    assert {f"{NAME}-paths", BEFORE} <= graph.resources[DEPLOYMENT].dependencies
    assert graph.resources[f"{NAME}-secret"].is_secret("stringData")


def test_a_program_gets_its_arguments_and_its_user_as_they_are_written_here_too() -> None:
    graph = alone(Microservice, command=["/app/shop"], args=["-price", "$(X) $Y"], user="1000:2000")
    application = container(graph, "deployment", "application")
    # What Kubernetes makes of it: `$$` is one `$`, and `$$(X)` no variable.
    assert application["command"] == ["/app/shop"]
    assert application["args"] == ["-price", "$$(X) $$Y"]
    assert application["securityContext"]["runAsUser"] == 1000
    assert application["securityContext"]["runAsGroup"] == 2000
    assert pod(graph, "deployment")["securityContext"]["fsGroup"] == 2000


def test_a_writable_folder_is_in_memory_or_on_the_nodes_disk_with_its_limit() -> None:
    graph = alone(Microservice, writable={"/cache": WritableFolder(size_mib=8), "/spool": WritableFolder(disk=True)})
    volumes = {item["name"]: item["emptyDir"] for item in pod(graph, "deployment")["volumes"] if "emptyDir" in item}
    application = container(graph, "deployment", "application")
    mounts = {item["mountPath"]: volumes[item["name"]] for item in application["volumeMounts"]}
    assert mounts["/cache"] == {"medium": "Memory", "sizeLimit": "8Mi"}
    assert mounts["/spool"] == {"sizeLimit": "64Mi"}
    assert application["resources"]["limits"]["ephemeral-storage"] == "576Mi"
