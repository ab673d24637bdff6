"""A replica and its registration on Docker, one component at a time.

Does not prove that requests arrive while a replica drains: the drills do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.consul.check import Check
from components.consul.docker_agent import ConsulAgent
from components.consul.instances import CLIENTS_ADDRESS
from components.microservice.docker import Microservice
from components.microservice.folders import WritableFolder
from components.microservice.metrics import Metrics
from tests.components.alone import NAME, Secret, alone, before, children
from tests.contract.test_instances import CONSUL
from tests.graph.recorder import Graph

PARTS = ("pod-sandbox", "application", "registration-agent")


def service(**changes: Any) -> Graph:
    return alone(Microservice, **{"replicas": 1, **changes})


def test_a_replica_is_a_pod_with_the_program_and_its_registration() -> None:
    assert children(service(replicas=2)) == {
        f"{index}-{part}" for index in range(2) for part in ("pod", "application", "registration")
    }


def test_a_replica_is_deregistered_and_drained_before_it_stops() -> None:
    graph = service(drain_seconds=30, termination_grace_period_seconds=20)
    agent, application = (graph.resources[f"{NAME}-0-{part}"] for part in ("registration-agent", "application"))
    # What depends goes first: the agent's end is waited for, and it ends after the drain. The container itself has to
    # depend on it: what a component depends on, Pulumi does not delete after the component's children.
    assert application.name in agent.dependencies
    assert agent.environment["DRAIN_SECONDS"] == "30"
    assert agent.plain("destroyGraceSeconds") > 30
    assert agent.plain("stopTimeout") > 30
    assert application.plain("destroyGraceSeconds") == application.plain("stopTimeout") == 20


def test_a_replica_starts_in_its_pod_and_counts_when_its_check_passes() -> None:
    graph = service(startup_timeout_seconds=42)
    agent = graph.resources[f"{NAME}-0-registration-agent"]
    assert before(graph, "0-pod-sandbox", "0-application")
    for part in PARTS[1:]:
        assert graph.resources[f"{NAME}-0-{part}"].plain("networkMode") == f"container:id-of-{NAME}-0-pod-sandbox"
    assert agent.plain("wait") is True
    assert agent.plain("waitTimeout") == 42
    assert "/v1/health/service/users?passing" in agent.plain("healthcheck")["tests"][-1]


def test_a_new_replica_stands_beside_the_old_one_before_that_goes() -> None:
    graph = service()
    for part in (graph.resources[f"{NAME}-0-{part}"] for part in PARTS):
        assert part.delete_before_replace is False
        # Neither can be had twice.
        assert "ports" not in part.inputs
        assert all("ipv4Address" not in network for network in part.plain("networksAdvanced") or [])


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "users:2"},
        {"environment": {"A": "2"}},
        {"secrets": {"PASSWORD": "another"}},
        {"port": 8081},
        {"memory_mib": 64},
        {"drain_seconds": 9},
        {"check": Check(path="/other")},
    ],
    ids=str,
)
def test_whatever_changes_in_a_replica_makes_a_new_pod(changes: dict[str, Any]) -> None:
    first = service()
    changed = alone(Microservice, kept=first, **{"replicas": 1, **changes}).changed(first)
    assert f"{NAME}-0-pod-sandbox" in changed


def test_what_is_secret_to_a_replica_is_secret_in_the_state() -> None:
    graph = alone(Microservice, replicas=1, secrets={"PASSWORD": Secret("correct-horse")})
    application = graph.resources[f"{NAME}-0-application"]
    assert application.is_secret("envs")
    assert application.environment["PASSWORD"] == "correct-horse"
    # The pod is named by a digest of it, which would be a way to try passwords out.
    assert graph.resources[f"{NAME}-0-pod-sandbox"].is_secret("envs")
    assert [name for name, text in graph.in_plain().items() if "correct-horse" in text] == []


def test_a_replica_knows_who_and_where_it_is() -> None:
    environment = service(track="canary", version="9").resources[f"{NAME}-0-application"].environment
    assert environment["INSTANCE_ID"] == f"{NAME}-0"
    assert {key: environment[key] for key in ("SERVICE_NAME", "SERVICE_VERSION", "REGION", "TRACK", "PORT")} == {
        "SERVICE_NAME": "users",
        "SERVICE_VERSION": "9",
        "REGION": "east",
        "TRACK": "canary",
        "PORT": "8080",
    }


def registered(graph: Graph, index: int = 0) -> dict[str, Any]:
    agent = graph.resources[f"{NAME}-{index}-registration-agent"]
    (instance,) = json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]
    return instance


def test_a_replica_is_registered_under_its_track() -> None:
    instance = registered(service(track="canary"))
    assert (instance["name"], instance["tags"], instance["port"]) == ("users", ["canary"], 8080)


@pytest.mark.parametrize(
    ("check", "asked"),
    [
        (Check(path="/well?full=1", interval="3s", timeout="4s", failures=5), {"http": "http://{}/well?full=1"}),
        (Check(protocol="tcp"), {"tcp": "{}"}),
        (Check(protocol="grpc"), {"grpc": "{}"}),
    ],
    ids=["http", "tcp", "grpc"],
)
def test_a_replica_is_checked_in_its_own_way(check: Check, asked: dict[str, str]) -> None:
    assert registered(service(check=check))["checks"] == [
        {
            "name": "users answers",
            **{key: text.format(f"{CLIENTS_ADDRESS}:8080") for key, text in asked.items()},
            "interval": check.interval,
            "timeout": check.timeout,
            "failures_before_critical": check.failures,
        }
    ]


def test_a_replica_is_registered_with_the_name_that_its_program_knows() -> None:
    graph = service(replicas=2)
    for index in range(2):
        known = graph.resources[f"{NAME}-{index}-application"].environment
        assert registered(graph, index)["meta"] == {"region": "east", "instance": known["INSTANCE_ID"]}


@pytest.mark.parametrize(
    ("metrics", "found"),
    [
        (Metrics(), {"metrics_path": "/metrics"}),
        (Metrics(path="/stats/prometheus", port=9102), {"metrics_path": "/stats/prometheus", "metrics_port": "9102"}),
        (Metrics(port=8080), {"metrics_path": "/metrics"}),
    ],
    ids=str,
)
def test_a_scraper_finds_the_metrics_of_a_replica_in_its_registration(metrics: Metrics, found: dict[str, str]) -> None:
    told = registered(service(metrics=metrics))["meta"]
    assert {key: value for key, value in told.items() if key.startswith("metrics")} == found


def test_an_agent_that_stays_with_its_pod_frees_its_ports_before_the_next_one_starts() -> None:
    for replaced_with_pod in (True, False):
        agent = alone(ConsulAgent, replaced_with_pod=replaced_with_pod).resources[f"{NAME}-agent"]
        assert agent.delete_before_replace is not replaced_with_pod


def test_an_agent_finds_the_gossip_key_in_the_volume_of_its_datacenter() -> None:
    graph = alone(ConsulAgent)
    assert children(graph) == {"agent"}
    agent = graph.resources[f"{NAME}-agent"]
    (mount,) = agent.plain("volumes")
    assert (mount["volumeName"], mount["containerPath"], mount["readOnly"]) == ("gossip", "/run/gostack/secrets", True)
    assert not agent.is_secret("envs")


def test_another_gossip_key_makes_another_pod() -> None:
    first = service()
    after = alone(Microservice, kept=first, replicas=1, consul={**CONSUL, "gossip_volume": "another"})
    assert after.changed(first) == {f"{NAME}-0-{part}" for part in ("pod-sandbox", "application", "registration-agent")}


def test_other_files_make_another_pod() -> None:
    def with_key(key: str, kept: Graph | None = None) -> Graph:
        files = {"/run/secrets/KEY": {"content": Secret(key)}}
        return alone(Microservice, kept=kept, replicas=1, given_files=files)

    first = with_key("hidden")
    assert with_key("hidden", first).changed(first) == set()
    assert f"{NAME}-0-pod-sandbox" in with_key("another", first).changed(first)


def test_a_program_gets_its_arguments_and_its_user_as_they_are_written() -> None:
    application = service(command=["/app/shop", "serve"], args=["-price", "$(X) $Y $$"], user="1000:2000").resources[
        f"{NAME}-0-application"
    ]
    assert application.plain("entrypoints") == ["/app/shop", "serve"]
    assert application.plain("command") == ["-price", "$(X) $Y $$"]
    assert application.plain("user") == "1000:2000"


def test_a_writable_folder_is_in_memory_or_on_a_disk_that_goes_with_the_replica() -> None:
    folders = {"/cache": WritableFolder(size_mib=8), "/spool": WritableFolder(disk=True)}
    graph = service(writable=folders)
    application, volume = (graph.resources[f"{NAME}-0-{part}"] for part in ("application", "writable-0"))
    assert application.plain("tmpfs") == {"/tmp": "mode=1777", "/cache": "mode=1777,size=8m"}
    assert [mount["containerPath"] for mount in application.plain("volumes")] == ["/spool"]
    assert before(graph, "0-writable-0-opening", "0-application")
    assert volume.replacement_trigger is not None
    assert "retainOnDelete" not in volume.inputs
    assert "name" not in volume.inputs


def test_another_replica_has_another_folder_on_the_disk() -> None:
    folders = {"/spool": WritableFolder(disk=True)}
    first = service(writable=folders)
    changed = alone(Microservice, kept=first, replicas=1, writable=folders, image="users:2").changed(first)
    assert {f"{NAME}-0-writable-0", f"{NAME}-0-application"} <= changed
