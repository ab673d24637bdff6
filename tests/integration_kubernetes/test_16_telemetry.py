"""The telemetry of a stack on a real cluster: what is found in it of a service that knows nothing of it.

Needs kubectl on PATH, or that of the local cluster. Does not prove that nothing is lost when a log is rotated, nor that
a page looks right: the collector's and the console's own tests do what can be done about these.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tools.gostack.alerts.silences import WATCHDOG
from tools.gostack.lifecycle import lifecycle
from tools.gostack.status.command import looker
from tools.gostack.telemetry.console import Console
from tools.gostack.telemetry.forwarding import reached_console
from tools.offline.cluster.layout import Folders

HTTP = urllib3.PoolManager(retries=False, timeout=20)
SCRAPED_SECONDS = 60
PATH = "/api/v1/users"


@pytest.fixture(scope="module")
def console(stack: ClusterStack) -> Iterator[Console]:
    """The console, once the stack has one, by a port that kubectl forwards."""
    patched = pytest.MonkeyPatch()
    patched.setenv("PATH", f"{Folders().state / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def with_telemetry(settings: dict[str, Any]) -> None:
        settings["gostack:telemetry"] = {"enabled": True}
        settings["gostack:services"]["users"]["metrics"] = {"path": "/metrics"}

    stack.change(with_telemetry)
    assert lifecycle.up(stack.workspace) == 0
    yield reached_console(stack.workspace)
    patched.undo()


def total(console: Console, query: str) -> float:
    return sum(one.value for one in console.now(query))


def instances(console: Console, query: str) -> set[str]:
    return {one.labels["instance"] for one in console.now(query)}


def rows(console: Console, query: str) -> list[dict[str, Any]]:
    """What the logs say to a question in LogsQL."""
    answer = HTTP.request("GET", f"{console.url}/logs/select/logsql/query", fields={"query": f"_time:1h {query}"})
    assert answer.status == 200, answer.data
    return [json.loads(line) for line in answer.data.splitlines()]


def ask(stack: ClusterStack) -> str:
    """Ask the service once and return the id of the request's trace."""
    answer = stack.request("GET", f"{PATH}?page=1&page_size=5")
    assert answer.status == 200, answer.data
    return str(answer.headers["X-Trace-ID"])


def test_its_page_is_reached_by_a_forwarded_port(stack: ClusterStack, console: Console) -> None:
    assert stack.outputs["dashboards"]["console"] == f"http://telemetry.{stack.namespace}.svc:3000"
    page = HTTP.request("GET", console.url)
    assert page.status == 200
    assert b"<html" in page.data.lower()
    assert HTTP.request("GET", console.url, headers={"Host": "attacker.example.com"}).status == 403


def test_what_registers_or_serves_is_scraped(stack: ClusterStack, console: Console) -> None:
    replicas = stack.names("application", service="users")
    servers = stack.names("consul-server")
    for query, wanted in {
        'up{job="telemetry"} == 1': {"metrics", "logs", "alerts", "collector"},
        'up{job="consul"} == 1': servers,
        'up{job="services"} == 1': replicas,
    }.items():
        wait_until(
            lambda query=query, wanted=wanted: instances(console, query) == wanted,
            SCRAPED_SECONDS,
            f"{query} is {', '.join(sorted(wanted))}",
        )


def test_requests_are_counted_once(stack: ClusterStack, console: Console) -> None:
    query = 'ingress_requests_total{service="users",region="east",track="stable",status="2xx"}'
    judged = 'ingress_service_duration_seconds_count{service="users",region="east",track="stable"}'
    ask(stack)
    wait_until(lambda: total(console, query) > 0, SCRAPED_SECONDS, "a request is counted")
    before = total(console, query), total(console, judged)
    for _ in range(50):
        ask(stack)
    wait_until(lambda: total(console, query) >= before[0] + 50, SCRAPED_SECONDS, "50 requests are counted")
    wait_until(lambda: total(console, judged) >= before[1] + 50, SCRAPED_SECONDS, "50 requests are judged")
    assert (total(console, query), total(console, judged)) == (before[0] + 50, before[1] + 50)
    late = total(console, "max(time() - ingress_read_to_timestamp_seconds)")
    assert late < 10
    tell(f"telemetry: what is counted is {late:.1f} s late")


def test_a_trace_has_the_line_of_the_ingress_and_those_of_the_service(stack: ClusterStack, console: Console) -> None:
    trace = ask(stack)

    def found() -> set[str]:
        return {f"{row['kind']} {row['service']}" for row in rows(console, f'trace_id:="{trace}"')}

    wait_until(lambda: found() >= {"log ingress", "log users", "span users"}, 60, "lines and spans of a trace")
    (line,) = [row for row in rows(console, f'trace_id:="{trace}" service:=ingress') if row["kind"] == "log"]
    assert line["instance"] in stack.names("nginx")
    assert (line["region"], line["role"], line["upstream_service"]) == ("east", "nginx", "users")
    spans = rows(console, f'trace_id:="{trace}" kind:=span service:=users')
    assert {row["instance"] for row in spans} <= stack.names("application", service="users")


def test_each_container_says_what_it_uses_and_may_use(stack: ClusterStack, console: Console) -> None:
    replicas = stack.names("application", service="users")
    labels = 'service="users",region="east",track="stable",role="application"'
    for name in (
        *("start_time_seconds", "memory_working_set_bytes", "spec_memory_limit_bytes"),
        *("cpu_usage_seconds_total", "spec_cpu_limit_cores", "oom_events_total"),
    ):
        query = f"container_{name}{{{labels}}}"
        wait_until(lambda query=query: instances(console, query) == replicas, 120, f"{query} of every replica")
    assert total(console, f"container_memory_working_set_bytes{{{labels}}}") > 1e6
    roles = {one.labels["role"] for one in console.now("container_start_time_seconds")}
    assert {"application", "consul-agent", "nginx", "mysql", "consul", "collector"} <= roles


def test_members_of_mysql_and_certificates_are_watched(stack: ClusterStack, console: Console) -> None:
    members = set(stack.outputs["mysql"]["members"])
    wait_until(
        lambda: {one.labels["region"] for one in console.now("mysql_up == 1")} == members, 60, "every member answers"
    )
    assert [one.labels["region"] for one in console.now("mysql_writable == 1")] == ["east"]
    wait_until(lambda: bool(console.now("certificate_not_after_seconds > time()")), 120, "a certificate is seen")


def test_status_shows_what_clients_get(stack: ClusterStack, console: Console) -> None:
    look = looker(stack.workspace)

    def shown() -> bool:
        for _ in range(10):
            ask(stack)
        (row,) = [one for one in look().services if (one.service, one.track, one.region) == ("users", "stable", "east")]
        return row.traffic is not None and row.traffic.requests_per_second > 0

    wait_until(shown, 90, "status shows requests")


def test_rules_are_evaluated_and_no_replica_is_missing(console: Console) -> None:
    def firing() -> set[str]:
        return {str(one["name"]) for one in console.alerts() if one["state"] == "firing"}

    wait_until(lambda: WATCHDOG in firing(), 60, "the watchdog fires")
    assert not firing() & {"ReplicaMissing", "RegionWithoutReplicas", "StoreAway", "CollectorDropsRows", "ScrapeDown"}


def test_no_request_is_lost_while_the_pod_is_another_one(stack: ClusterStack, console: Console) -> None:
    # Nobody else asks for this one.
    path = f"{PATH}/{uuid.uuid4().int % 10**9 + 10**9}"
    (name,) = stack.names("telemetry")
    for number in range(60):
        assert stack.request("GET", path).status == 404
        if number == 20:
            stack.api.delete(stack.pod_path(name))
    stack.wait_for("telemetry", 1, seconds=240)
    again = reached_console(stack.workspace)

    def kept() -> int:
        (found,) = rows(again, f'service:=ingress path:="{path}" | stats count_uniq(trace_id) traces')
        return int(found["traces"])

    wait_until(lambda: kept() >= 60, 120, "the lines of 60 requests")
    assert kept() == 60


@pytest.mark.parametrize(
    ("verb", "resource", "subresource", "allowed"),
    [
        ("list", "pods", "", True),
        ("get", "pods", "log", True),
        ("create", "pods", "exec", False),
        ("delete", "pods", "", False),
        ("get", "secrets", "", False),
        ("list", "configmaps", "", False),
    ],
)
def test_the_collector_may_read_pods_and_their_logs_and_no_more(
    stack: ClusterStack, console: Console, verb: str, resource: str, subresource: str, allowed: bool
) -> None:
    asked = {"namespace": stack.namespace, "verb": verb, "resource": resource, "subresource": subresource}
    user = f"system:serviceaccount:{stack.namespace}:telemetry-account"
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": asked},
    }
    answer = stack.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    assert answer["status"]["allowed"] is allowed
