"""The volumes of a service by themselves, and what mounts them, on Docker and on Kubernetes.

Does not prove that files stay: tests/integration/test_15_volumes.py does, on Docker.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes.job import Job
from components.microservice import kubernetes as on_kubernetes
from components.microservice.docker import Microservice
from components.microservice.volumes import ServiceVolume
from components.scheduled_tasks.docker import ScheduledTasks
from components.scheduled_tasks.kubernetes import ScheduledTasks as CronJobs
from components.service_volumes.docker import ServiceVolumes
from components.service_volumes.kubernetes import ServiceVolumes as Claims
from tests.components.alone import BEFORE, NAME, alone, before, children, container, pod, spec
from tests.contract.test_instances import REGION
from tests.graph.recorder import Graph

UPLOADS = ServiceVolume(path="/data/uploads")
OWN = ServiceVolume(path="/data/own", shared="replica")
MANY = ServiceVolume(path="/data/uploads", size_gib=5, storage_class="files")
SHARED = {"/data/uploads": "uploads-of-east"}


def labels(graph: Graph, name: str) -> dict[str, str]:
    return {one["label"]: one["value"] for one in graph.resources[f"{NAME}-{name}"].plain("labels")}


def mounts(graph: Graph, name: str) -> dict[str, str]:
    """Path to engine volume of a container."""
    return {one["containerPath"]: one["volumeName"] for one in graph.resources[f"{NAME}-{name}"].plain("volumes")}


# Docker.


def test_a_region_has_one_volume_and_each_replica_one_of_its_own() -> None:
    graph = alone(ServiceVolumes, volumes={"uploads": UPLOADS, "own": OWN}, replicas=2)
    names = {one.plain("name") for one in graph.of_type("docker:index/volume:Volume")}
    assert names == {"test-users.uploads-east", "test-users.own-east.0", "test-users.own-east.1"}


def test_a_volume_outlives_the_stack_and_is_no_leftover_of_it() -> None:
    graph = alone(ServiceVolumes, volumes={"uploads": UPLOADS})
    volume = graph.resources[f"{NAME}-uploads"]
    assert volume.retain_on_delete is True
    assert not volume.protect
    assert labels(graph, "uploads")["gostack.data"] == "users.uploads"
    protected = alone(ServiceVolumes, volumes={"uploads": UPLOADS.model_copy(update={"protect": True})})
    assert protected.resources[f"{NAME}-uploads"].protect is True


def test_a_renamed_service_finds_its_volume_as_it_was() -> None:
    first = alone(ServiceVolumes, service="shop", volumes={"uploads": UPLOADS})
    kept = UPLOADS.model_copy(update={"name": "shop.uploads"})
    renamed = alone(ServiceVolumes, service="orders", volumes={"files": kept})
    # The engine changes neither name nor labels of a volume that exists.
    old, new = first.resources[f"{NAME}-uploads"], renamed.resources[f"{NAME}-files"]
    assert old.plain("name") == new.plain("name") == "test-shop.uploads-east"
    assert old.plain("labels") == new.plain("labels")


def test_every_user_may_write_to_a_new_volume_and_the_owner_of_an_old_one_keeps_it() -> None:
    graph = alone(ServiceVolumes, volumes={"uploads": UPLOADS})
    opening = graph.resources[f"{NAME}-uploads-opening"]
    assert mounts(graph, "uploads-opening") == {"/tmp": "test-users.uploads-east"}
    assert opening.plain("user") == "65534:65534"
    # A check that it is writable for all would fail where its program made it its own.
    assert opening.plain("command") == ["true"]


def test_what_is_kept_is_told_for_the_next_update() -> None:
    for cls in (ServiceVolumes, Claims):
        graph = alone(cls, volumes={"uploads": UPLOADS, "own": OWN})
        assert graph.told[NAME]["volumes"] == {"users.uploads": "region", "users.own": "replica"}


def test_a_release_with_a_shared_volume_is_create_first() -> None:
    graph = alone(Microservice, replicas=2, region_volumes=SHARED)
    for index in range(2):
        assert mounts(graph, f"{index}-application") == {"/data/uploads": "uploads-of-east"}
        for part in ("pod-sandbox", "application", "registration-agent"):
            assert graph.resources[f"{NAME}-{index}-{part}"].delete_before_replace is False
    assert not before(graph, "0-registration-agent", "1-application")


def one_by_one(**changes: Any) -> Graph:
    own = [{"/data/own": "own-0"}, {"/data/own": "own-1"}]
    return alone(Microservice, **{"replicas": 2, "volumes": {"own": OWN}, "replica_volumes": own, **changes})


def test_replicas_with_volumes_of_their_own_go_one_after_the_other_before_the_next_one_comes() -> None:
    graph = one_by_one()
    assert [mounts(graph, f"{index}-application") for index in range(2)] == [
        {"/data/own": "own-0"},
        {"/data/own": "own-1"},
    ]
    for index in range(2):
        for part in ("pod-sandbox", "application", "registration-agent"):
            assert graph.resources[f"{NAME}-{index}-{part}"].delete_before_replace is True
    # The second one is left alone until the first one is registered again, and so found by clients.
    assert f"{NAME}-0-registration-agent" in graph.resources[f"{NAME}-1-pod-sandbox"].dependencies
    # An order alone: what took a value from the first one would go with it.
    assert f"{NAME}-1-pod-sandbox" not in graph.made_from({f"{NAME}-0-registration-agent"})


@pytest.mark.parametrize(
    "changes", [{"region_volumes": {"/data": "x"}}, {"region_volumes": {"/other": "uploads-of-east"}}]
)
def test_another_volume_or_place_of_it_makes_a_new_pod(changes: dict[str, Any]) -> None:
    first = alone(Microservice, replicas=1, region_volumes=SHARED)
    changed = alone(Microservice, kept=first, **{"replicas": 1, **changes}).changed(first)
    assert f"{NAME}-0-pod-sandbox" in changed


def test_schedules_see_what_is_shared_and_no_replicas_own() -> None:
    graph = alone(ScheduledTasks, replica_volumes=[{"/data/own": "own-0"}], region_volumes=SHARED)
    found = mounts(graph, "scheduler")
    assert found["/data/uploads"] == "uploads-of-east"
    assert "/data/own" not in found


# Kubernetes.


def claims(graph: Graph, name: str = "deployment") -> dict[str, str]:
    """Path in the program to the claim that is mounted there."""
    specification = pod(graph, name)
    volumes = {
        item["name"]: item["persistentVolumeClaim"]["claimName"]
        for item in specification["volumes"]
        if "persistentVolumeClaim" in item
    }
    (program,) = specification["containers"]
    return {item["mountPath"]: volumes[item["name"]] for item in program["volumeMounts"] if item["name"] in volumes}


@pytest.mark.parametrize(
    ("volume", "mode", "storage_class"),
    [(MANY, "ReadWriteMany", "files"), (UPLOADS, "ReadWriteOnce", "usual"), (OWN, "ReadWriteOnce", "usual")],
)
def test_a_claim_asks_for_what_many_nodes_mount_only_where_a_class_is_named(
    volume: ServiceVolume, mode: str, storage_class: str
) -> None:
    graph = alone(Claims, volumes={"uploads": volume}, region={**REGION, "storage_class": "usual"})
    claim = graph.resources[f"{NAME}-uploads"]
    assert claim.plain("spec") == {
        "accessModes": [mode],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": f"{volume.size_gib}Gi"}},
    }
    assert claim.retain_on_delete is True
    metadata = claim.plain("metadata")
    assert (metadata["name"], metadata["namespace"]) == ("users.uploads", "east-network")
    # Where a disk is made for its first pod, a claim that is waited for keeps that pod from being made.
    assert metadata["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert BEFORE in claim.dependencies


def test_pods_that_share_a_claim_are_released_create_first() -> None:
    graph = alone(on_kubernetes.Microservice, volumes={"uploads": MANY}, region_volumes=SHARED)
    assert claims(graph) == {"/data/uploads": "uploads-of-east"}
    assert spec(graph, "deployment")["strategy"]["type"] == "RollingUpdate"


@pytest.mark.parametrize("volume", [UPLOADS, OWN])
def test_a_pod_with_a_disk_of_one_node_goes_before_the_next_one_comes(volume: ServiceVolume) -> None:
    key = "region_volumes" if volume is UPLOADS else "replica_volumes"
    given: dict[str, Any] = {"region_volumes": {volume.path: "a"}, "replica_volumes": [{volume.path: "a"}]}
    graph = alone(on_kubernetes.Microservice, replicas=1, volumes={"a": volume}, **{key: given[key]})
    assert claims(graph) == {volume.path: "a"}
    assert spec(graph, "deployment")["strategy"] == {"type": "Recreate"}


def test_cron_jobs_see_what_is_shared_as_the_group_to_which_it_belongs() -> None:
    graph = alone(CronJobs, user="1000:2000", replica_volumes=[{"/data/own": "own"}], region_volumes=SHARED)
    (name,) = (item.name for item in graph.of_kind("CronJob"))
    template = graph.resources[name].plain("spec")["jobTemplate"]["spec"]["template"]["spec"]
    claimed = [item["persistentVolumeClaim"] for item in template["volumes"] if "persistentVolumeClaim" in item]
    assert claimed == [{"claimName": "uploads-of-east"}]
    assert "/data/uploads" in [item["mountPath"] for item in template["containers"][0]["volumeMounts"]]
    # Another one would make every file its own, and the replicas' pods make them theirs again.
    assert template["securityContext"]["fsGroup"] == 2000


def test_a_job_belongs_to_its_users_group_where_none_is_given() -> None:
    assert pod(alone(Job), "run")["securityContext"]["fsGroup"] == 999
    assert container(alone(Job, group=7), "run", "job")["securityContext"]["runAsGroup"] == 7
    assert children(alone(Job)) == {"secret", "account", "paths", "run"}
