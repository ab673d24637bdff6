"""The stand-in for the Kubernetes plugin waits for what it has made, in bounded time, and tells why it waits in vain.

The API server is a small one in this process, whose controllers act at once: it proves nothing of a real rollout.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, cast

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.support.kubernetes_api import FakeApi, kubernetes_api
from tests.support.kubernetes_objects import BAD_IMAGE, Manifest
from tests.support.kubernetes_plugin import DEPLOYMENT, NEW_IMAGE, Plugin, configured, deployment, failure
from tools.offline.providers.kubernetes.cluster import Cluster
from tools.offline.providers.kubernetes.waiting import NotReady, until_ready, verdict_now
from tools.offline.providers.plugin.values import decode


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api() as running:
        yield running


@pytest.fixture
def plugin(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    monkeypatch.setenv("GOSTACK_KUBERNETES_SETTLE_SECONDS", "0")
    yield from configured({"kubeconfig": api.kubeconfig()})


def test_a_bad_image_fails_in_the_time_given_with_the_pods_own_reason_and_is_kept(plugin: Plugin, api: FakeApi) -> None:
    inputs = plugin.checked(DEPLOYMENT, "users", deployment(BAD_IMAGE))

    with pytest.raises(grpc.RpcError) as error:
        plugin.create(DEPLOYMENT, "users", inputs, timeout=1)

    message, details = failure(error)
    (name,) = api.objects.names("Deployment")
    assert f"'{name}' timed out waiting to be Ready" in message
    assert details.id == f"default/{name}"
    assert "0/2 Pods available" in details.reasons
    assert any("[ErrImagePull] failed to pull" in reason for reason in details.reasons)
    assert decode(details.properties)["metadata"]["name"] == name


def test_the_annotation_bounds_the_wait(plugin: Plugin) -> None:
    news = deployment(BAD_IMAGE)
    news["metadata"]["annotations"] = {"pulumi.com/timeoutSeconds": "1"}

    with pytest.raises(grpc.RpcError) as error:
        plugin.create(DEPLOYMENT, "users", plugin.checked(DEPLOYMENT, "users", news))

    assert "timed out" in failure(error)[0]


def test_a_failed_rollout_converges_with_the_next_update(plugin: Plugin, api: FakeApi) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    bad = plugin.checked(DEPLOYMENT, "users", deployment(BAD_IMAGE), olds=inputs)
    with pytest.raises(grpc.RpcError) as error:
        plugin.update(DEPLOYMENT, "users", outputs, bad, timeout=1)
    half_done = decode(failure(error)[1].properties)

    good = plugin.checked(DEPLOYMENT, "users", deployment(NEW_IMAGE), olds=bad)
    assert plugin.diff(DEPLOYMENT, "users", half_done, good).changes == provider_pb2.DiffResponse.DIFF_SOME
    healed = plugin.update(DEPLOYMENT, "users", half_done, good, timeout=5)

    assert healed["spec"]["template"]["spec"]["containers"][0]["image"] == NEW_IMAGE


def test_who_skips_the_wait_is_not_made_to_wait(plugin: Plugin) -> None:
    news = deployment(BAD_IMAGE)
    news["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}

    assert plugin.made(DEPLOYMENT, "users", news)[0].startswith("default/users-")


def test_a_job_that_fails_fails_at_once_with_its_reason(plugin: Plugin) -> None:
    containers = [{"name": "main", "image": BAD_IMAGE}]
    news = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {"containers": containers}}}}

    with pytest.raises(grpc.RpcError) as error:
        plugin.create("batch/v1:Job", "migrate", plugin.checked("batch/v1:Job", "migrate", news))

    assert "[BackoffLimitExceeded] it failed" in failure(error)[1].reasons


def test_a_service_waits_for_pods_that_it_can_send_to(plugin: Plugin) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "users"}, "ports": [{"port": 80}]}}
    checked = plugin.checked("core/v1:Service", "users", service)

    with pytest.raises(grpc.RpcError) as error:
        plugin.create("core/v1:Service", "users", checked, timeout=1)
    details = failure(error)[1]
    assert any("does not target any Pods" in reason for reason in details.reasons)

    plugin.made(DEPLOYMENT, "users", deployment())
    assert plugin.update("core/v1:Service", "users", decode(details.properties), checked, timeout=5)["spec"]


def test_removal_returns_when_the_object_and_what_it_owns_are_gone(plugin: Plugin, api: FakeApi) -> None:
    _, _, outputs = plugin.made(DEPLOYMENT, "users", deployment())

    plugin.delete(DEPLOYMENT, "users", outputs)
    plugin.delete(DEPLOYMENT, "users", outputs)

    assert api.objects.names("Deployment") == []
    assert api.objects.names("Pod") == []


class EndingJob:
    """A cluster whose job runs out of time: its pod says why, then ends and says nothing, then is gone."""

    _WAITING: ClassVar[Manifest] = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}

    def __init__(self) -> None:
        self.looks = 0

    def get(self, manifest: Manifest) -> Manifest:
        self.looks += 1
        out_of_time = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
        return {**manifest, "status": {"conditions": [out_of_time] if self.looks >= 2 else []}}

    def list(self, *_: str) -> list[Manifest]:
        container: Manifest = {"name": "job", "ready": False, "state": self._WAITING if self.looks == 0 else {}}
        unready = {"type": "Ready", "status": "False", "message": "containers with unready status: [job]"}
        pod: Manifest = {
            "metadata": {"namespace": "shop", "name": "migrate-1", "ownerReferences": [{"uid": "1"}]},
            "status": {"conditions": [unready], "containerStatuses": [container]},
        }
        return [pod] if self.looks < 2 else []


QUOTA = 'pods "users-1" is forbidden: exceeded quota: east, requested: limits.cpu=1, used: 16, limited: limits.cpu=16'


@dataclass
class Halfway:
    """A cluster whose newest ReplicaSet has these pods, and may have been refused one."""

    refused: str = ""
    pods: list[Manifest] = field(default_factory=list[Manifest])
    others: list[Manifest] = field(default_factory=list[Manifest])
    events: list[Manifest] = field(default_factory=list[Manifest])
    quota: dict[str, str] | None = field(default_factory=lambda: {"limits.cpu": "16", "pods": "80"})

    def get(self, manifest: Manifest) -> Manifest:
        return manifest

    def list(self, _version: str, kind: str, _namespace: str, selector: str = "") -> list[Manifest]:
        if kind == "ReplicaSet":
            failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": self.refused}
            newest: Manifest = {
                "metadata": {"uid": "2", "ownerReferences": [{"uid": "1"}]},
                "spec": {"replicas": 2},
                "status": {"readyReplicas": 1, "conditions": [failed] if self.refused else []},
            }
            return [newest]
        if kind == "Event":
            return self.events
        if kind == "ResourceQuota":
            return [] if self.quota is None else [{"metadata": {"name": "east"}, "status": {"hard": self.quota}}]
        return self.pods if selector else [*self.pods, *self.others]


def waited(kind: str, cluster: Halfway, seconds: float) -> NotReady:
    live: Manifest = {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"namespace": "shop", "name": "users", "uid": "1"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "users"}}},
    }
    with pytest.raises(NotReady) as failed:
        until_ready(cast("Cluster", cluster), live, seconds, threading.Event(), lambda _: None)
    return failed.value


def waiting(reason: str, message: str) -> Manifest:
    state = {"waiting": {"reason": reason, "message": message}}
    return {
        "metadata": {"namespace": "shop", "name": "users-1", "ownerReferences": [{"uid": "2"}]},
        "status": {"containerStatuses": [{"name": "users", "ready": False, "state": state}]},
    }


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        (Halfway(refused=QUOTA), "exceeded quota: east"),
        (Halfway(refused='pods "users-1" is forbidden: violates PodSecurity "restricted:latest"'), "violates PodSec"),
        (Halfway(pods=[waiting("InvalidImageName", "couldn't parse image name")]), "couldn't parse image name"),
        (Halfway(pods=[waiting("ImagePullBackOff", "shop/users@sha256:0: not found")]), "not found"),
        (Halfway(pods=[waiting("CreateContainerConfigError", "image will run as root")]), "will run as root"),
    ],
)
def test_what_no_waiting_mends_is_told_at_once_and_not_at_the_deadline(
    cluster: Halfway, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOSTACK_KUBERNETES_STUCK_SECONDS", "0.2")
    failed = waited("Deployment", cluster, seconds=60)
    assert "will not be Ready" in str(failed)
    assert told in str(failed)
    assert any(told in reason for reason in failed.reasons)


@pytest.mark.parametrize(
    "cluster",
    [
        Halfway(refused=QUOTA, others=[{"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}]),
        Halfway(refused=QUOTA, others=[{"spec": {"restartPolicy": "Never"}, "status": {"phase": "Running"}}]),
        # The controller has not tried again since the quota was taken away or raised.
        Halfway(refused=QUOTA, quota=None),
        Halfway(refused=QUOTA, quota={"limits.cpu": "20"}),
        Halfway(refused='pods "users-1" is forbidden: error looking up service account shop/users'),
        Halfway(pods=[waiting("ImagePullBackOff", "dial tcp 10.0.0.1:443: connect: connection refused")]),
        Halfway(pods=[waiting("CrashLoopBackOff", "back-off 10s restarting failed container")]),
    ],
)
def test_what_may_get_better_has_its_time_and_is_told_at_the_deadline(
    cluster: Halfway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOSTACK_KUBERNETES_STUCK_SECONDS", "0")
    failed = waited("Deployment", cluster, seconds=1)
    assert "timed out waiting to be Ready" in str(failed)
    wanted = cluster.refused or cluster.pods[0]["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert any(wanted in reason for reason in failed.reasons)


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_a_controller_that_makes_no_pod_says_why_in_its_last_event(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOSTACK_KUBERNETES_STUCK_SECONDS", "0.2")

    def event(uid: str, when: str, message: str) -> Manifest:
        about = {"involvedObject": {"uid": uid}, "reason": "FailedCreate"}
        return {**about, "lastTimestamp": f"2026-01-01T00:00:0{when}Z", "message": message}

    events = [event("1", "2", QUOTA), event("1", "1", "an older one"), event("9", "3", "somebody else's")]
    failed = waited(kind, Halfway(events=events), seconds=60)
    assert f"[FailedCreate] {QUOTA}" in failed.reasons
    assert "exceeded quota" in str(failed)


def test_a_quota_is_ready_when_it_is_in_force_and_not_while_the_one_before_is() -> None:
    def quota(in_force: str) -> Manifest:
        hard = {"limits.cpu": "16", "pods": "80"}
        kind = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "east"}}
        return {**kind, "spec": {"hard": hard}, "status": {"hard": {**hard, "limits.cpu": in_force}}}

    cluster = cast("Cluster", Halfway())
    assert not verdict_now(cluster, quota("8")).ready
    assert verdict_now(cluster, quota("16000m")).ready


def test_a_job_that_runs_out_of_time_says_what_its_pods_said_before_they_ended() -> None:
    live: Manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"namespace": "shop", "name": "migrate", "uid": "1"},
    }
    with pytest.raises(NotReady) as failed:
        until_ready(cast("Cluster", EndingJob()), live, 30, threading.Event(), lambda _: None)
    assert "[DeadlineExceeded] too long" in failed.value.reasons
    assert "[Pod shop/migrate-1]: [ErrImagePull] no such image" in failed.value.reasons
