"""A worker: a replica that nobody calls, judged by its living on or by a check of its own, on both platforms.

Does not prove that the kernel ends a job with the program whose processes it joined: the integration test does.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.consul.check import Check
from components.microservice import docker, kubernetes
from components.microservice.workload import Workload
from tests.components.alone import NAME, alone, before, children, container, spec
from tests.graph.recorder import Graph, JobEnd

SETTLING = f"{NAME}-0-settling-run"
COMMAND = Check(protocol="command", command=["/service", "healthy"])


def worker(cls: Any, *, ends: dict[str, JobEnd] | None = None, **fields: Any) -> Graph:
    workload = Workload(kind="worker", **{"autoscaling": None, **fields})
    return alone(cls, ends=ends, told=lambda made: {"replicas": made.replicas}, replicas=1, workload=workload)


def agent_configuration(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        graph.resources[f"{NAME}-0-registration-agent"].environment["AGENT_CONFIGURATION"]
    )
    return found


def test_a_worker_is_registered_nowhere_and_has_no_port() -> None:
    graph = worker(docker.Microservice)
    assert agent_configuration(graph)["services"] == []
    assert "checks" not in agent_configuration(graph)
    assert "PORT" not in graph.resources[f"{NAME}-0-application"].environment
    # Nothing is on its way to it.
    assert graph.resources[f"{NAME}-0-registration-agent"].environment["DRAIN_SECONDS"] == "0"


def test_a_worker_counts_once_its_program_has_lived_for_a_while() -> None:
    graph = worker(docker.Microservice, min_ready_seconds=15)
    job = graph.resources[SETTLING]
    assert children(graph) == {"0-pod", "0-application", "0-settling", "0-registration"}
    assert job.plain("pidMode") == f"container:id-of-{NAME}-0-application"
    assert job.plain("command")[-1].endswith("exec sleep 15")
    assert (job.plain("networkMode"), job.plain("attach"), job.plain("restart")) == ("none", True, "no")
    assert before(graph, "0-settling-run", "0-registration-agent")


def test_a_worker_whose_program_ends_at_its_start_stops_the_update() -> None:
    said = "the program of this worker did not run for 10 s after its start"
    with pytest.raises(pulumi.RunError, match=f"{NAME}-0-settling failed with exit code 137: {said}"):
        worker(docker.Microservice, ends={SETTLING: JobEnd(137, said)})


def test_a_worker_with_a_port_is_asked_there_and_counts_when_it_answers() -> None:
    graph = worker(docker.Microservice, check=Check(protocol="tcp"), port=9000)
    (check,) = agent_configuration(graph)["checks"]
    assert check["tcp"].endswith(":9000")
    agent = graph.resources[f"{NAME}-0-registration-agent"]
    assert "/v1/agent/checks" in agent.plain("healthcheck")["tests"][-1]
    assert agent.plain("wait") is True
    assert graph.resources[f"{NAME}-0-application"].environment["PORT"] == "9000"
    assert SETTLING not in graph.resources


def test_a_command_runs_in_the_worker_without_a_shell() -> None:
    graph = worker(docker.Microservice, check=COMMAND, startup_timeout_seconds=30)
    application = graph.resources[f"{NAME}-0-application"]
    check = application.plain("healthcheck")
    assert (check["tests"], check["interval"]) == (["CMD", "/service", "healthy"], "5s")
    assert (application.plain("wait"), application.plain("waitTimeout")) == (True, 30)
    assert SETTLING not in graph.resources


def test_a_pod_of_a_worker_has_no_way_in_and_no_probes() -> None:
    graph = worker(kubernetes.Microservice, min_ready_seconds=15)
    application, agent = (container(graph, "deployment", name) for name in ("application", "consul-agent"))
    assert not {"ports", "readinessProbe", "startupProbe", "livenessProbe", "lifecycle"} & set(application)
    assert "readinessProbe" not in agent
    assert spec(graph, "deployment")["minReadySeconds"] == 15
    assert not spec(graph, "paths").get("ingress")
    assert graph.of_kind("Service") == []


@pytest.mark.parametrize(
    ("check", "kinds"),
    [
        (Check(protocol="tcp"), {"readinessProbe": "tcpSocket", "livenessProbe": "tcpSocket"}),
        (Check(path="/ready"), {"readinessProbe": "httpGet", "livenessProbe": "tcpSocket"}),
        (COMMAND, {"readinessProbe": "exec"}),
    ],
    ids=lambda value: getattr(value, "protocol", ""),
)
def test_a_worker_with_a_check_has_its_probes(check: Check, kinds: dict[str, str]) -> None:
    application = container(worker(kubernetes.Microservice, check=check), "deployment", "application")
    assert {name: kind for name, kind in kinds.items() if kind in application[name]} == kinds
    assert "startupProbe" in application
    assert ("livenessProbe" in application) == ("livenessProbe" in kinds)
