"""An accessory on Kubernetes by itself: its name in every namespace, its disk, and who may reach it.

Does not prove that an image runs with so few rights.
"""

from __future__ import annotations

import pytest

from components.accessory.args import AccessoryCheck
from components.accessory.kubernetes import Accessory
from components.microservice.metrics import Metrics
from tests.components.alone import BEFORE, NAME, alone, children, container, pod, spec
from tests.contract.test_instances import REGION
from tests.graph.recorder import Graph

WEST = {**REGION, "region": "west", "network": "west-network"}


@pytest.fixture(scope="module")
def queue() -> Graph:
    return alone(Accessory, user=70)


def test_it_is_one_pod_behind_its_name(queue: Graph) -> None:
    assert children(queue) == {
        *("secret", "account", "service", "pods", "paths", "program"),
        *("calls-application-east", "calls-job-east"),
    }
    assert {f"{NAME}-service", f"{NAME}-paths", BEFORE} <= queue.resources[f"{NAME}-program"].dependencies
    assert queue.resources[f"{NAME}-service"].plain("metadata")["name"] == "queue"
    assert [port["port"] for port in spec(queue, "service")["ports"]] == [5672, 15672]
    assert spec(queue, "program")["replicas"] == 1


def test_scrapers_find_its_metrics_by_its_pods_annotations(queue: Graph) -> None:
    scraped = alone(Accessory, user=70, metrics=Metrics(port=15692))
    assert spec(scraped, "program")["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": "15692",
    }
    assert "annotations" not in spec(queue, "program")["template"]["metadata"]


def test_its_disk_outlives_it(queue: Graph) -> None:
    (claim,) = spec(queue, "program")["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["resources"]["requests"] == {"storage": "1Gi"}
    retention = spec(queue, "program")["persistentVolumeClaimRetentionPolicy"]
    assert retention == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    mounts = {item["mountPath"]: item["name"] for item in container(queue, "program", "accessory")["volumeMounts"]}
    assert mounts["/var/lib/queue"] == "data"
    assert {"/tmp", "/run"} < mounts.keys()


def test_only_services_and_jobs_reach_it_and_it_reaches_nobody(queue: Graph) -> None:
    paths = spec(queue, "paths")
    (rule,) = paths["ingress"]
    assert {peer["podSelector"]["matchLabels"]["gostack.role"] for peer in rule["from"]} == {"application", "job"}
    assert [port["port"] for port in rule["ports"]] == [5672, 15672]
    # Everything else is denied in the namespace.
    assert "egress" not in paths
    calls = spec(queue, "calls-application-east")
    assert calls["podSelector"]["matchLabels"] == {"gostack.role": "application"}
    assert calls["egress"][0]["to"][0]["podSelector"]["matchLabels"] == {"gostack.role": "accessory"}


def test_the_only_one_is_found_from_the_other_regions_too() -> None:
    graph = alone(Accessory, user=70, region={**REGION, "namespace": "shop"}, reachable_from=[WEST])
    alias = graph.resources[f"{NAME}-in-west"]
    assert (alias.plain("metadata")["name"], alias.plain("metadata")["namespace"]) == ("queue", "west-network")
    assert spec(graph, "in-west") == {"type": "ExternalName", "externalName": "queue.shop-east.svc.cluster.local"}
    assert {"calls-application-west", "calls-job-west"} <= children(graph)


def test_one_of_several_is_told_where_the_others_are() -> None:
    graph = alone(
        Accessory,
        told=lambda made: dict(made.values),
        user=70,
        region={**REGION, "namespace": "shop"},
        peers=[{**WEST, "namespace": "shop"}],
    )
    assert graph.outputs["peers"]["value"] == "queue.shop-west.svc:5672"


def test_it_runs_without_root_and_writes_to_its_folders_alone(queue: Graph) -> None:
    security = container(queue, "program", "accessory")["securityContext"]
    assert (security["runAsUser"], security["runAsNonRoot"], security["readOnlyRootFilesystem"]) == (70, True, True)
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod(queue, "program")["securityContext"]["fsGroup"] == 70


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (AccessoryCheck(), "tcpSocket"),
        (AccessoryCheck(protocol="http", path="/up"), "httpGet"),
        (AccessoryCheck(protocol="command", command=["pg_isready"]), "exec"),
    ],
)
def test_it_is_ready_by_the_check_that_its_settings_name(check: AccessoryCheck, kind: str) -> None:
    found = container(alone(Accessory, user=70, check=check), "program", "accessory")
    assert kind in found["readinessProbe"]
    assert kind in found["startupProbe"]


def test_secrets_come_from_a_secret(queue: Graph) -> None:
    assert queue.resources[f"{NAME}-secret"].is_secret("stringData")
    (variable,) = [item for item in container(queue, "program", "accessory")["env"] if item["name"] == "PASSWORD"]
    assert "secretKeyRef" in variable["valueFrom"]
    bare = alone(Accessory, user=70, secrets={})
    assert "secret" not in children(bare)
