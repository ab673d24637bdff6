"""A stranger's service beside `users` on a cluster: answers, illnesses and headers as on Docker, and no trace after.

Does not repeat what tests/integration/cases shows of streams, bodies and names: the same nginx configuration is
rendered for both platforms, and the kubelet judges replicas here.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
import yaml

from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tests.support.load import Load, Request
from tools.gostack.lifecycle import lifecycle

REPLICAS = 3
"""One more than a single request may harm."""

REFUSALS = (503, 502, 504)

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "autoscaling": None,
    "replicas": REPLICAS,
    "cpu_request": 0.05,
    "memory_request_mib": 64,
    "check": {"path": "/ready"},
    "routes": [{"path": "/p"}, {"path": "/shop", "strip_prefix": True}],
}


@pytest.fixture(scope="module", autouse=True)
def probe(stack: ClusterStack) -> Iterator[None]:
    """The probe is added to a running stack, and taken away again: both converge."""
    published = stack.workspace.stack_file.read_text()
    document = yaml.safe_load(published)
    document["config"]["gostack:services"]["probe"] = PROBE
    stack.workspace.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        assert lifecycle.up(stack.workspace) == 0
        yield
    finally:
        stack.workspace.stack_file.write_text(published)
        assert lifecycle.up(stack.workspace) == 0
    assert stack.pods("application", service="probe") == []
    assert ask(stack, "/p/echo/a").status == 404


def ask(
    stack: ClusterStack, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    host = stack.workspace.settings.ingress.hosts[0]
    return stack.ask(path, method=method, headers={"Host": f"{host}:8443", **(headers or {})})


def load(stack: ClusterStack, rate: int, *paths: str) -> Load:
    host, port = stack.address
    requests = [Request("GET", f"https://localhost{path}") for path in paths]
    detours = {"localhost:443": f"{host}:{port}"}
    return Load(stack.authority, rate, lambda number: requests[number % len(requests)], detours=detours)


def unique(path: str) -> str:
    return f"{path}?test={uuid.uuid4().hex}"


def lines(stack: ClusterStack, text: str) -> dict[str, int]:
    """Pod of the probe to how many lines with the text it has logged, where it has."""
    counts: dict[str, int] = {}
    for name in stack.names("application", service="probe"):
        log = str(stack.api.get(f"{stack.pod_path(name)}/log?limitBytes=10000000").get("text", ""))
        counts[name] = log.count(text)
    return {name: count for name, count in counts.items() if count}


def restarts(stack: ClusterStack) -> dict[str, int]:
    """Pod of the probe to how often its process was started anew."""
    return {
        pod["metadata"]["name"]: sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
        for pod in stack.pods("application", service="probe")
    }


def wait_until_all_are_ready(stack: ClusterStack) -> None:
    stack.wait_for("application", REPLICAS, service="probe")


def test_a_path_that_refuses_fails_no_other_request_and_its_answers_arrive_as_they_are_and_once(
    stack: ClusterStack,
) -> None:
    paths = [unique(f"/p/status/{code}") for code in REFUSALS]
    with load(stack, 20, *paths) as refused, load(stack, 50, "/p/echo/a") as others:
        time.sleep(21)
    tell(f"beside 20 requests a second that are answered 502, 503 and 504: {others.result}")
    assert others.result.sent >= 1000
    assert others.result.failures == []
    assert all(answer.body.startswith(f"status {answer.status} from".encode()) for answer in refused.result.answers)
    sent = Counter(answer.status for answer in refused.result.answers)
    assert sorted(sent) == sorted(REFUSALS)
    assert {code: sum(lines(stack, path).values()) for code, path in zip(REFUSALS, paths, strict=True)} == dict(sent)


@pytest.mark.parametrize(("method", "most"), [("GET", 2), ("POST", 1)])
def test_a_request_that_ends_the_process_takes_two_replicas_at_most(
    stack: ClusterStack, method: str, most: int
) -> None:
    wait_until_all_are_ready(stack)
    before = restarts(stack)
    assert ask(stack, "/p/die", method=method).status == 502
    wait_until(lambda: restarts(stack) != before, 60, "a replica was restarted")
    time.sleep(3)
    after = restarts(stack)
    assert after.keys() == before.keys()
    assert sum(after[name] - before[name] for name in before) <= most
    wait_until_all_are_ready(stack)


@pytest.mark.parametrize(("method", "most"), [("GET", 2), ("POST", 1)])
def test_a_replica_that_hangs_up_is_no_reason_to_ask_more_than_two(stack: ClusterStack, method: str, most: int) -> None:
    path = unique("/p/hangup")
    assert ask(stack, path, method=method).status == 502
    assert sum(lines(stack, path).values()) <= most


def test_a_slow_request_ends_with_504_after_its_timeout_and_was_begun_once(stack: ClusterStack) -> None:
    paths = {method: unique("/p/sleep/20") for method in ("GET", "POST")}
    with ThreadPoolExecutor(2) as pool:
        answers = {method: pool.submit(ask, stack, path, method=method) for method, path in paths.items()}
        assert {method: answer.result().status for method, answer in answers.items()} == dict.fromkeys(paths, 504)
    assert {method: sum(lines(stack, path).values()) for method, path in paths.items()} == dict.fromkeys(paths, 1)


@pytest.mark.parametrize("size", [6000, 15000])
def test_a_large_response_header_arrives(stack: ClusterStack, size: int) -> None:
    response = ask(stack, f"/p/bigheader/{size}")
    assert (response.status, len(response.headers["Set-Cookie"])) == (200, size + len("session="))


def test_headers_of_a_service_are_its_own_alone(stack: ClusterStack) -> None:
    headers = ask(stack, "/p/page").headers
    policy = "default-src 'self' https://cdn.example.com 'unsafe-inline'"
    assert headers.getlist("Content-Security-Policy") == [policy]
    assert headers.getlist("X-Frame-Options") == ["DENY"]
    assert headers.getlist("Referrer-Policy") == ["no-referrer"]


def test_a_client_cannot_choose_who_it_is(stack: ClusterStack) -> None:
    forged = "203.0.113.9"
    response = ask(stack, "/p/echo/a", headers={"X-Forwarded-For": forged, "X-Real-IP": forged})
    told = json.loads(response.data)["headers"]
    assert forged not in str(told)
    (client,) = told["X-Forwarded-For"]
    assert told["X-Real-Ip"] == [client]


def test_a_prefix_is_taken_away(stack: ClusterStack) -> None:
    told = json.loads(ask(stack, "/shop/cities").data)
    assert (told["uri"], told["headers"]["X-Forwarded-Prefix"]) == ("/cities", ["/shop"])


def test_a_service_is_called_by_its_name(stack: ClusterStack) -> None:
    for host in ("users", f"users.{stack.namespace}", f"users.{stack.namespace}.svc.cluster.local"):
        response = ask(stack, f"/p/fetch?url=http%3A//{host}/health/ready")
        assert response.status == 200, (host, response.data)


def test_a_release_of_what_is_called_loses_no_call(stack: ClusterStack) -> None:
    before = stack.names("application", service="users")
    with load(stack, 20, "/p/fetch?url=http%3A//users/health/ready") as calls:
        time.sleep(2)
        stack.change(lambda document: document["gostack:services"]["users"].update(environment={"LOG_LEVEL": "warn"}))
        assert lifecycle.up(stack.workspace) == 0
        time.sleep(2)
    tell(f"calls by name while what is called is released: {calls.result}")
    assert not before & stack.names("application", service="users")
    assert calls.result.sent >= 100
    assert calls.result.failures == []
