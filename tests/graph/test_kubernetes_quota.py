"""A region's quota holds what all its pods can ask for at the most, counted here from the objects themselves.

Does not prove what a cluster has room for: a quota gives permission, not nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from components.kubernetes.resources import Demand
from infra.settings import Settings, SettingsError
from infra.settings.cluster_demand import ROOM, region_demand
from tests.graph.conftest import Document, published_settings, recorded, staging_graph
from tests.graph.kubernetes import manifests
from tests.graph.recorder import Graph

Change = Callable[[Document], Any]
_BYTES = {"Mi": 1, "Gi": 1024}


def nothing(document: Document) -> None:
    """The stack as it is published."""


def everything(document: Document) -> None:
    """Every optional part, and two services more."""
    services = document["services"]
    users = services["users"]
    users["canary"] = {"image": f"registry.example.com/users@sha256:{64 * '0'}", "replicas": 2}
    users["settings"] = {"rate_limit_per_second": 5}
    services["orders"] = {"context": "services/users", "autoscaling": None, "replicas": 3, "cpus": 2, "database": {}}
    services["orders"]["volumes"] = {"files": {"path": "/files", "size_gib": 3, "storage_class": "files"}}
    services["mails"] = {
        "context": "services/users",
        "memory_mib": 1024,
        "cpu_request": 0.1,
        "autoscaling": {"maximum": 4},
    }
    document["regions"]["west"] = {}


def smaller(document: Document) -> None:
    """The least of everything."""
    document["consul"]["servers"] = 1
    document["mysql"].update(topology="single", memory_mib=2048, buffer_pool_mib=256)
    document["services"]["users"].update(autoscaling=None, replicas=1, database=None)
    document["services"]["users"]["volumes"] = {"own": {"path": "/own", "size_gib": 2, "shared": "replica"}}


STACKS: dict[str, tuple[str, Change]] = {
    "staging": ("staging", nothing),
    "staging with everything": ("staging", everything),
    "a small staging": ("staging", smaller),
    "prod": ("prod", nothing),
}


def cores(text: str) -> float:
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)


def mebibytes(text: str) -> int:
    return int(text[:-2]) * _BYTES[text[-2:]]


def counted(graph: Graph) -> dict[str, Demand]:
    """Namespace to the most that its pods can ask for at once, from Deployments, StatefulSets, Jobs, claims and
    autoscalers."""
    found: dict[str, Demand] = {}
    highest = {
        (item["metadata"]["namespace"], item["spec"]["scaleTargetRef"]["name"]): item["spec"]["maxReplicas"]
        for item in manifests(graph, "HorizontalPodAutoscaler").values()
    }
    for item in manifests(graph, "Deployment", "StatefulSet", "Job").values():
        namespace, spec = item["metadata"]["namespace"], item["spec"]
        number = highest.get((namespace, item["metadata"]["name"]), spec.get("replicas", 1))
        if item["metadata"]["labels"].get("gostack.role") == "nginx":
            number *= 2
        elif item["kind"] == "Deployment" and spec["strategy"]["type"] == "RollingUpdate":
            number += spec["strategy"]["rollingUpdate"]["maxSurge"]
        found[namespace] = found.get(namespace, Demand()) + of_pods(spec, number)
    for item in manifests(graph, "PersistentVolumeClaim").values():
        namespace, size = item["metadata"]["namespace"], item["spec"]["resources"]["requests"]["storage"]
        found[namespace] += Demand(storage_gib=mebibytes(size) // 1024)
    return found


def of_pods(spec: Document, number: int) -> Demand:
    pod = spec["template"]["spec"]
    claims = [item["spec"]["resources"]["requests"]["storage"] for item in spec.get("volumeClaimTemplates", [])]
    one = Demand(pods=1, storage_gib=sum(mebibytes(size) for size in claims) // 1024)
    for container in [*(pod.get("initContainers") or []), *pod["containers"]]:
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        one += Demand(
            cores(requests["cpu"]), cores(limits["cpu"]), mebibytes(requests["memory"]), mebibytes(limits["memory"])
        )
    return one.times(number)


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> tuple[Settings, Graph]:
    name, change = STACKS[request.param]
    if name == "staging":

        def elsewhere(document: Document) -> None:
            document["kubernetes"]["kubeconfig"] = "tests/support/kubeconfig.yaml"
            change(document)

        settings = published_settings(name, elsewhere)
    else:
        settings = published_settings(name, change)
    return settings, recorded(settings, stack=name)


def test_the_settings_add_up_exactly_what_the_objects_ask_for(stack: tuple[Settings, Graph]) -> None:
    settings, graph = stack
    by_region = {
        region: demand
        for namespace, demand in counted(graph).items()
        for region in settings.regions
        if namespace.endswith(f"-{region}")
    }
    assert by_region == {region: region_demand(settings, region) for region in settings.regions}


def test_a_quota_that_nobody_gave_holds_the_need_twice(staging: Graph) -> None:
    (quota,) = manifests(staging, "ResourceQuota").values()
    hard, (need,) = quota["spec"]["hard"], counted(staging).values()
    assert cores(hard["requests.cpu"]) == pytest.approx(need.cpu_requests * ROOM)
    assert cores(hard["limits.cpu"]) == pytest.approx(need.cpu_limits * ROOM)
    assert mebibytes(hard["requests.memory"]) == need.memory_requests_mib * ROOM
    assert mebibytes(hard["limits.memory"]) == need.memory_limits_mib * ROOM
    assert (hard["pods"], hard["requests.storage"]) == (str(need.pods * ROOM), f"{need.storage_gib * ROOM}Gi")


def test_a_given_quota_is_the_quota() -> None:
    graph = staging_graph(lambda d: d["kubernetes"].update(quota={"cpus": 40, "memory_gib": 64, "pods": 90}))
    (quota,) = manifests(graph, "ResourceQuota").values()
    hard = quota["spec"]["hard"]
    assert (hard["requests.cpu"], hard["limits.cpu"], hard["pods"]) == ("40", "80", "90")
    assert (mebibytes(hard["requests.memory"]), mebibytes(hard["limits.memory"])) == (64 * 1024, 128 * 1024)


def test_the_quota_is_there_before_any_pod(stack: tuple[Settings, Graph]) -> None:
    _, graph = stack
    for name in manifests(graph, "Deployment", "StatefulSet", "Job"):
        assert any(found.endswith("-quota") for found in graph.reachable(name)), name


@pytest.mark.parametrize("key", ["cpus", "memory_gib", "pods", "storage_gib"])
def test_a_given_quota_that_is_too_small_is_refused_with_the_key_and_by_how_much(key: str) -> None:
    def give(value: float) -> Settings:
        return published_settings("staging", lambda d: d["kubernetes"].update(quota={key: value}))

    need = region_demand(give(1000), "east")
    least = {
        "cpus": max(need.cpu_requests, need.cpu_limits / 2),
        "memory_gib": math.ceil(max(need.memory_requests_mib, need.memory_limits_mib / 2) / 1024),
        "pods": need.pods,
        "storage_gib": need.storage_gib,
    }[key]
    give(least)
    with pytest.raises(SettingsError) as told:
        give(least - 1)
    words = str(told.value)
    assert words.startswith(f"gostack:kubernetes.quota.{key} is {least - 1:g}, but the pods of the region ")
    assert f"can need {least:g}" in words
    assert "raise it by 1 " in words
    assert "\n" not in words


def test_one_more_service_is_refused_before_anything_is_made_when_it_does_not_fit() -> None:
    need = region_demand(published_settings("staging"), "east")

    def given(document: Document) -> None:
        document["kubernetes"]["quota"] = {"cpus": need.cpu_limits / 2}

    def with_probe(document: Document) -> None:
        given(document)
        document["services"]["probe"] = {"context": "services/users", "replicas": 2, "routes": [{"path": "/p"}]}

    published_settings("staging", given)
    with pytest.raises(SettingsError, match=r"gostack:kubernetes\.quota\.cpus is .* raise it by 5\.5 or "):
        published_settings("staging", with_probe)
