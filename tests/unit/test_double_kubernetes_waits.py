"""The stand-in for the Kubernetes plugin waits for what it has made, in bounded time, and tells why it waits in vain.

The API server is a small one in this process, whose controllers act at once: it proves nothing of a real rollout.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import ClassVar, cast

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.doubles.kubernetes.cluster import Cluster
from tests.doubles.kubernetes.waiting import NotReady, until_ready
from tests.doubles.plugin.values import decode
from tests.support.kubernetes_api import FakeApi, kubernetes_api
from tests.support.kubernetes_objects import BAD_IMAGE, Manifest
from tests.support.kubernetes_plugin import DEPLOYMENT, NEW_IMAGE, Plugin, configured, deployment, failure


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
