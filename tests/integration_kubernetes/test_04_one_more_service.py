"""One more service comes and goes: the quota follows, no client sees half of a change, and what fails says why.

Does not prove a cluster whose nodes are full: there the scheduler says no, and waiting for a node may mend it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.settings.cluster_demand import region_demand
from tests.integration_kubernetes.support import ClusterStack, is_ready, tell, wait_until
from tools.gostack.cli.guard import guarded
from tools.gostack.lifecycle import lifecycle

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "replicas": 2,
    "autoscaling": None,
    "check": {"path": "/ready"},
    "routes": [{"path": "/p"}],
}
ILLNESS_SECONDS = 150
"""Longer than any time after which Consul or Kubernetes gives something up."""

Document = dict[str, Any]
Change = Callable[[Document], Any]


def services(document: Document) -> Document:
    return document["gostack:services"]


def answers(stack: ClusterStack, path: str) -> dict[int, int]:
    """Status to number of answers, of 40 requests with a connection each."""
    found: dict[int, int] = {}
    for _ in range(40):
        status = stack.request("GET", path).status
        found[status] = found.get(status, 0) + 1
    return found


def limit_of_cores(stack: ClusterStack) -> float:
    quota = stack.api.get(f"/api/v1/namespaces/{stack.namespace}/resourcequotas/east-quota")
    text = str(quota["spec"]["hard"]["limits.cpu"])
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)


@contextmanager
def changed(stack: ClusterStack, change: Change) -> Generator[None]:
    """The settings changed for as long as it lasts."""
    before = stack.workspace.stack_file.read_bytes()
    stack.change(change, prepare=False)
    try:
        yield
    finally:
        stack.workspace.stack_file.write_bytes(before)


def up_under_load(stack: ClusterStack, what: str) -> None:
    with stack.load(50) as load:
        assert lifecycle.up(stack.workspace) == 0
    tell(f"{what}: {load.result}")
    assert load.result.failures == []


def test_a_quota_that_has_no_room_for_it_is_refused_before_anything_is_made(
    stack: ClusterStack, capfd: pytest.CaptureFixture[str]
) -> None:
    need = region_demand(stack.workspace.settings, "east")
    before = stack.api.get(f"/api/v1/namespaces/{stack.namespace}/resourcequotas/east-quota")

    def tight(document: Document) -> None:
        services(document)["probe"] = PROBE
        document["gostack:kubernetes"]["quota"] = {"cpus": need.cpu_limits / 2}

    with changed(stack, tight):
        assert guarded(lambda: lifecycle.up(stack.workspace)) == 1
    assert "gostack:kubernetes.quota.cpus is " in capfd.readouterr().err
    assert stack.api.get(f"/api/v1/namespaces/{stack.namespace}/resourcequotas/east-quota") == before


def test_one_more_service_comes_up_and_no_client_sees_half_of_it(stack: ClusterStack) -> None:
    before, nginx = limit_of_cores(stack), stack.names("nginx")
    stack.change(lambda d: services(d).update(probe=PROBE))
    up_under_load(stack, "one more service")
    assert answers(stack, "/p/echo/a") == {200: 40}
    assert limit_of_cores(stack) > before
    stack.wait_for("nginx", 2)
    assert not nginx & stack.names("nginx")
    assert stack.preview_changes() == ""


def ending(stack: ClusterStack) -> list[str]:
    """Pods of the namespace that somebody removes."""
    found = stack.api.items(f"/api/v1/namespaces/{stack.namespace}/pods")
    return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" in pod["metadata"]]


@pytest.fixture
def one_pod_more(stack: ClusterStack) -> Iterator[None]:
    """A quota of somebody else's that has room for one pod: of two new ones, the second is refused."""
    path = f"/api/v1/namespaces/{stack.namespace}/resourcequotas"
    # What still ends counts, and is room as soon as it is gone.
    wait_until(lambda: not ending(stack), 60, "no pod is about to go")
    used = int(stack.api.get(f"{path}/east-quota")["status"]["used"]["pods"])
    tight: Document = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}}
    stack.api.post(path, {**tight, "spec": {"hard": {"pods": str(used + 1)}}})
    wait_until(lambda: "used" in stack.api.get(f"{path}/tight").get("status", {}), 30, "the quota counts")
    yield
    stack.api.delete(f"{path}/tight")


def test_an_ingress_that_comes_up_by_half_leaves_one_configuration_and_says_why(
    stack: ClusterStack, one_pod_more: None, capfd: pytest.CaptureFixture[str]
) -> None:
    routes = [*PROBE["routes"], {"path": "/ready", "match": "exact"}]
    stack.change(lambda d: services(d)["probe"].update(routes=routes))
    assert lifecycle.up(stack.workspace) != 0
    told = capfd.readouterr()
    # The plugin's own words, and what the command adds with any plugin.
    assert "exceeded quota: tight" in told.out
    assert "makes no pod: FailedCreate" in told.err
    assert "exceeded quota: tight" in told.err
    assert answers(stack, "/ready") == {404: 40}
    assert answers(stack, "/p/echo/a") == {200: 40}


def test_the_next_up_heals_it(stack: ClusterStack) -> None:
    up_under_load(stack, "an ingress that came up by half, healed")
    assert answers(stack, "/ready") == {200: 40}
    stack.wait_for("nginx", 2)
    assert stack.preview_changes() == ""


def unwell(stack: ClusterStack) -> list[str]:
    """Pods of the service that are not ready."""
    return [pod["metadata"]["name"] for pod in stack.pods("application", service="probe") if not is_ready(pod)]


def serves(stack: ClusterStack) -> bool:
    return stack.request("GET", "/p/echo/a").status == 200


def test_replicas_that_were_all_ill_for_minutes_serve_again_by_themselves(stack: ClusterStack) -> None:
    names = stack.names("application", service="probe")
    # One after the other: who is ill gets no request.
    for number in range(1, len(names) + 1):
        assert stack.request("POST", "/p/sick/on").status == 200
        wait_until(lambda number=number: len(unwell(stack)) == number, 60, f"{number} replicas are not ready")
    wait_until(lambda: not serves(stack), 30, "nobody serves")
    time.sleep(ILLNESS_SECONDS)
    began = time.monotonic()
    for name in names:
        stack.api.post(f"{stack.pod_path(name)}:8080/proxy/p/sick/off", {})
    wait_until(lambda: serves(stack), 60, "somebody serves again")
    tell(
        f"every replica ill for {ILLNESS_SECONDS} s: in traffic again {time.monotonic() - began:.1f} s after they were"
    )
    wait_until(lambda: not unwell(stack), 60, "every replica is ready again")
    assert stack.names("application", service="probe") == names


def test_up_does_not_say_up_while_a_replica_is_not_well(stack: ClusterStack, capfd: pytest.CaptureFixture[str]) -> None:
    assert stack.request("POST", "/p/sick/on").status == 200
    wait_until(lambda: len(unwell(stack)) == 1, 60, "one replica is not ready")
    (name,) = unwell(stack)
    assert lifecycle.up(stack.workspace) != 0
    told = capfd.readouterr()
    assert f"{name}: is not ready" in told.err
    assert "is up." not in told.out
    stack.api.delete(stack.pod_path(name))
    stack.wait_for("application", 4)
    assert lifecycle.up(stack.workspace) == 0


def test_a_quota_that_is_lowered_together_with_what_goes_converges(stack: ClusterStack) -> None:
    """A given quota that holds the stack exactly, with the service and without: nothing is left for what goes last."""

    def exact(document: Document) -> None:
        need = region_demand(stack.workspace.settings, "east")
        document["gostack:kubernetes"]["quota"] = {"cpus": need.cpu_limits / 2, "pods": need.pods}

    stack.change(exact)
    assert lifecycle.up(stack.workspace) == 0
    with_service = limit_of_cores(stack)
    stack.change(lambda d: d["gostack:kubernetes"].pop("quota"))
    stack.change(lambda d: services(d).pop("probe"))
    stack.change(exact)
    up_under_load(stack, "a service taken away under a quota that just holds the rest")
    assert limit_of_cores(stack) < with_service
    assert answers(stack, "/p/echo/a") == {404: 40}
    assert stack.names("application", service="probe") == set()
    assert stack.preview_changes() == ""


def test_a_service_taken_away_leaves_the_quota_of_the_rest(stack: ClusterStack) -> None:
    stack.change(lambda d: d["gostack:kubernetes"].pop("quota"))
    assert lifecycle.up(stack.workspace) == 0
    stack.change(lambda d: services(d).update(probe=PROBE))
    assert lifecycle.up(stack.workspace) == 0
    more = limit_of_cores(stack)
    stack.change(lambda d: services(d).pop("probe"))
    up_under_load(stack, "a service taken away")
    assert limit_of_cores(stack) < more
    assert answers(stack, "/p/echo/a") == {404: 40}
    assert stack.preview_changes() == ""
