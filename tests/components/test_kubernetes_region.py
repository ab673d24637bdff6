"""A region and its Consul datacenter on Kubernetes, one component at a time.

Does not prove that a cluster enforces network policies and quotas.
"""

from __future__ import annotations

import re

import pulumi
import pytest

from components.consul.kubernetes import ConsulDatacenter
from components.images.reference import from_registry
from components.region.image_admission import registry_pattern
from components.region.kubernetes import Region
from tests.components.alone import NAME, alone, children, container, exported, pod, spec, variables
from tests.graph.recorder import Graph


@pytest.fixture(scope="module")
def region() -> Graph:
    def told(made: Region) -> dict[str, pulumi.Output[str]]:
        return {"user": pulumi.Stash("user", input=made.reference["network"]).output}

    return alone(Region, told=told, namespace="gostack-test")


@pytest.fixture(scope="module")
def consul() -> Graph:
    return alone(ConsulDatacenter, told=lambda made: made.reference, servers=3)


def test_a_namespace_outlives_the_stack_with_the_disks_in_it(region: Graph) -> None:
    assert children(region) == {"namespace", "quota", "limits", "deny", "names", "gossip"}
    namespace = region.resources[f"{NAME}-namespace"]
    assert namespace.retain_on_delete
    assert namespace.plain("metadata")["name"] == "gostack-test-east"
    # Without a time, it stays.
    assert "annotations" not in namespace.plain("metadata")


def test_a_namespace_of_a_stack_for_a_while_says_until_when_it_may_stay() -> None:
    made = alone(Region, namespace="gostack-test", expires="2026-11-30T12:00:00Z")
    annotations = made.resources[f"{NAME}-namespace"].plain("metadata")["annotations"]
    assert annotations == {"gostack.expires": "2026-11-30T12:00:00Z"}


def test_pods_beyond_the_restricted_standard_are_refused(region: Graph) -> None:
    labels = region.resources[f"{NAME}-namespace"].plain("metadata")["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}


def test_nobody_talks_to_anybody_unless_it_is_said(region: Graph) -> None:
    deny = spec(region, "deny")
    assert deny["podSelector"] == {}
    assert set(deny["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in deny
    assert "egress" not in deny


def test_every_pod_may_ask_for_names_and_nothing_else(region: Graph) -> None:
    names = spec(region, "names")
    assert names["podSelector"] == {}
    assert [port["port"] for port in names["egress"][0]["ports"]] == [53, 53]


def test_jobs_do_not_gossip(region: Graph) -> None:
    (expression,) = [
        item for item in spec(region, "gossip")["podSelector"]["matchExpressions"] if item["operator"] == "NotIn"
    ]
    assert expression["values"] == ["job"]


def test_a_region_is_bounded_and_used_only_when_its_rules_are_there(region: Graph) -> None:
    hard = spec(region, "quota")["hard"]
    assert {"requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "pods"} <= hard.keys()
    assert {f"{NAME}-{rule}" for rule in ("quota", "limits", "deny", "names", "gossip")} <= region.resources[
        "user"
    ].dependencies


def test_servers_are_one_set_with_names_and_disks_that_stay_while_it_is_there(consul: Graph) -> None:
    assert children(consul) == {"account", "service", "budget", "paths", "secret", "server"}
    found = spec(consul, "server")
    assert found["replicas"] == 3
    assert found["updateStrategy"]["type"] == "RollingUpdate"
    assert found["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Retain"
    server = container(consul, "server", "consul")
    assert "/v1/status/leader" in server["readinessProbe"]["exec"]["command"][-1]


def test_servers_are_made_after_their_names_their_budget_and_their_paths(consul: Graph) -> None:
    wanted = {f"{NAME}-{part}" for part in ("service", "budget", "paths")}
    assert wanted <= consul.resources[f"{NAME}-server"].dependencies
    assert spec(consul, "budget")["maxUnavailable"] == 1


def test_servers_find_each_other_before_any_is_ready(consul: Graph) -> None:
    service = spec(consul, "service")
    assert service["publishNotReadyAddresses"] is True
    assert service["clusterIP"] == "None"


def test_only_a_servers_own_pod_writes_and_only_agents_reach_it(consul: Graph) -> None:
    text = variables(container(consul, "server", "consul"))["AGENT_CONFIGURATION"]
    assert '"allow_write_http_from": [\n      "127.0.0.0/8"\n    ]' in text
    paths = spec(consul, "paths")
    assert set(paths["policyTypes"]) == {"Ingress", "Egress"}
    assert {port["port"] for rule in paths["ingress"] for port in rule["ports"]} == {8300, 8302}


def test_agents_wait_for_the_servers_and_the_key_is_secret_everywhere(consul: Graph) -> None:
    assert consul.outputs["gossip_key"] == {"secret": True, "value": "key"}
    assert len(exported(consul, "server_addresses")) == 3
    assert consul.resources[f"{NAME}-secret"].is_secret("stringData")
    assert pod(consul, "server")["automountServiceAccountToken"] is False


def test_a_cluster_asks_for_nothing_of_images_unless_registries_are_named(region: Graph) -> None:
    assert "images" not in children(region)


def test_a_namespace_takes_images_of_its_registries_by_their_digest_alone() -> None:
    graph = alone(Region, namespace="gostack-test", image_registries=["registry.example.com/gostack"])
    policy, binding = spec(graph, "images"), spec(graph, "images-binding")
    assert policy["failurePolicy"] == "Fail"
    (rule,) = policy["matchConstraints"]["resourceRules"]
    # Whoever may remove a pod may do so, whatever is in it.
    assert rule["operations"] == ["CREATE", "UPDATE"]
    # What somebody adds to a pod that runs has an image too.
    assert set(rule["resources"]) == {"pods", "pods/ephemeralcontainers"}
    digest, registry = [check["expression"] for check in policy["validations"]]
    assert digest == "variables.images.all(image, image.matches(r'@sha256:[0-9a-f]{64}$'))"
    assert registry == r"variables.images.all(image, image.matches(r'^(registry\.example\.com/gostack/)'))"
    assert binding["validationActions"] == ["Deny"]
    assert binding["matchResources"]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "gostack-test-east"
    }
    # No pod of the stack is made before its namespace asks.
    assert {f"{NAME}-images", f"{NAME}-images-binding"} <= {
        item.name for item in graph.resources.values() if item.parent == NAME
    }


@pytest.mark.parametrize(
    ("image", "fits"),
    [
        ("nginx@sha256:0", True),
        ("nginx:1.30@sha256:0", True),
        ("valkey/valkey:8@sha256:0", True),
        ("docker.io/library/nginx@sha256:0", True),
        ("registry.example.com/gostack/users@sha256:0", True),
        ("registry.example.com/gostack-evil/users@sha256:0", False),
        ("registryXexample.com/gostack/users@sha256:0", False),
        ("localhost:5001/gostack/users@sha256:0", False),
        ("docker.io.example.com/nginx@sha256:0", False),
    ],
)
def test_the_pattern_of_registries_and_the_settings_check_agree(image: str, fits: bool) -> None:
    registries = ["docker.io", "registry.example.com/gostack"]
    assert bool(re.search(registry_pattern(registries), image)) is fits
    assert any(from_registry(image, registry) for registry in registries) is fits
