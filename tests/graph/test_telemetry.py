"""The telemetry as a part of the dev stack: what it is told of the stack, what services are told of it, and that none
of them waits for the other.

Does not prove that anything arrives: tests/integration/test_16_telemetry.py looks.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.graph.conftest import Document, dev_graph
from tests.graph.recorder import Graph


@pytest.fixture(scope="module")
def off() -> Graph:
    return dev_graph(lambda document: document.update(telemetry={"enabled": False}))


def told(graph: Graph, program: str) -> Any:
    """The settings of a program, which are the first of its files."""
    uploads = graph.resources[f"telemetry-{program}-files-writer"].plain("uploads")
    return json.loads(min(uploads, key=lambda upload: upload["file"])["content"])


def test_nothing_waits_for_it_and_it_waits_until_clients_are_served(dev: Graph) -> None:
    own = {name for name in dev.resources if name.startswith("telemetry")}
    waiting = {name for name, item in dev.resources.items() if item.dependencies & own}
    assert waiting <= own
    assert {f"ingress-{region}-release-files" for region in ("east", "west")} <= dev.reachable("telemetry")


def test_without_it_nothing_of_it_is_there(off: Graph) -> None:
    assert [name for name in off.resources if name.startswith(("telemetry", "gostack-", "upstream-v"))] == []
    assert "console" not in off.outputs["dashboards"]["value"]
    for application in off.with_role("application"):
        assert [name for name in application.environment if name.startswith("OTEL_")] == []


def test_grafana_is_an_address_of_a_stack_that_asks_for_it(dev: Graph) -> None:
    asked = dev_graph(lambda document: document.update(telemetry={"grafana": True}))
    assert asked.outputs["dashboards"]["value"]["grafana"] == "http://127.0.0.1:8901"
    assert "grafana" not in dev.outputs["dashboards"]["value"]
    assert "upstream-grafana" in asked.resources


def test_every_replica_knows_where_its_spans_go_and_whose_they_are(dev: Graph) -> None:
    (first,) = [item for item in dev.with_role("application") if item.name == "users-west-1-application"]
    assert {name: value for name, value in first.environment.items() if name.startswith("OTEL_")} == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://telemetry:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_BSP_SCHEDULE_DELAY": "1000",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "users",
        "OTEL_RESOURCE_ATTRIBUTES": "gostack.region=west,gostack.track=stable,service.instance.id=users-west-1",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
    }


def test_what_a_service_says_itself_counts() -> None:
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://traces.example.com", "OTEL_SERVICE_NAME": "shop"}
    graph = dev_graph(lambda document: document["services"]["users"].update(environment=own))
    for application in graph.with_role("application"):
        assert application.environment.items() >= own.items()
        assert application.environment["OTEL_TRACES_SAMPLER"] == "parentbased_always_on"


def test_the_lines_of_a_replica_bear_its_name(dev: Graph) -> None:
    for application in dev.with_role("application"):
        assert application.labels["gostack.instance"] == application.environment["INSTANCE_ID"]
        assert {"gostack.stack", "gostack.service", "gostack.region", "gostack.track"} <= application.labels.keys()


def test_it_is_in_the_network_of_every_region(dev: Graph) -> None:
    joined = dev.resources["telemetry-pod-sandbox"].dependencies
    assert {"east-network", "west-network", "backbone-network"} <= joined
    assert "witness-network" not in joined


def test_the_certificate_of_every_ingress_is_watched_where_it_is(dev: Graph) -> None:
    assert told(dev, "collector")["certificates"] == {"east": "ingress-east:8443", "west": "ingress-west:8443"}
    for region in ("east", "west"):
        networks = dev.resources[f"ingress-{region}-pod-sandbox"].plain("networksAdvanced")
        assert all(network["aliases"] == [f"ingress-{region}"] for network in networks)


def test_every_member_of_mysql_is_asked_the_witness_too(dev: Graph) -> None:
    places = ("east", "west", "witness")
    assert told(dev, "collector")["mysql"]["members"] == {place: f"mysql-{place}:3306" for place in places}
    for place in places:
        sandbox = dev.resources[f"mysql-{place}-pod-sandbox"]
        assert all(network["aliases"] == [f"mysql-{place}"] for network in sandbox.plain("networksAdvanced"))
        assert "backbone-network" in sandbox.dependencies


def test_the_console_knows_what_the_stack_is_made_of() -> None:
    def more(document: Document) -> None:
        document["services"]["users"]["canary"] = {"environment": {"A": "1"}}
        document["services"]["mailer"] = {
            "kind": "worker",
            "context": "services/greeter",
            "database": {"service": "users"},
            "replicas": 1,
        }
        document["accessories"] = {"cache": {"kind": "valkey"}}

    assert told(dev_graph(more), "console")["architecture"] == {
        "regions": [
            {"name": "east", "ingress": "https://localhost:8443", "consul_servers": 3},
            {"name": "west", "ingress": "https://localhost:9443", "consul_servers": 3},
            {"name": "witness", "ingress": "", "consul_servers": 0},
        ],
        "services": [
            {
                "name": "users",
                "kind": "service",
                "regions": ["east", "west"],
                "tracks": [{"name": "stable", "replicas": 2}, {"name": "canary", "replicas": 1}],
                "routes": ["/api/v1/users"],
                "database": "users",
            },
            {
                "name": "mailer",
                "kind": "worker",
                "regions": ["east", "west"],
                "tracks": [{"name": "stable", "replicas": 1}],
                "routes": [],
                "database": "users",
            },
        ],
        "mysql": {"topology": "group", "primary_region": "east", "members": ["east", "west", "witness"]},
        "accessories": [{"name": "cache", "regions": ["east"]}],
    }
