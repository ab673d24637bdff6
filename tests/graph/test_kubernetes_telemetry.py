"""The telemetry as a part of the staging stack, where a setting brings it: what it is told of the stack, what services
are told of it, and that it keeps the rules for staging.

Does not prove that anything arrives: tests/integration_kubernetes/test_16_telemetry.py looks.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import published_graph, staging_graph
from tests.graph.recorder import Graph, unwrapped

NAMESPACE = "gostack-staging-east"


@pytest.fixture(scope="module")
def staging() -> Graph:
    return staging_graph(lambda document: document.update(telemetry={"enabled": True}))


def application(graph: Graph) -> dict[str, Any]:
    pod: dict[str, Any] = graph.resources["users-east-deployment"].plain("spec")["template"]["spec"]
    (found,) = [one for one in pod["containers"] if one["name"] == "application"]
    return found


def told(graph: Graph) -> dict[str, Any]:
    """The settings of the collector, among the files of all programs."""
    texts = unwrapped(graph.resources["telemetry-files"].inputs["stringData"]).values()
    (found,) = [text for text in texts if '"namespaces"' in text]
    return json.loads(found)


def test_nothing_waits_for_it_and_it_waits_until_clients_are_served(staging: Graph) -> None:
    own = {name for name in staging.resources if name.startswith("telemetry")}
    assert {name for name, item in staging.resources.items() if item.dependencies & own} <= own
    assert "ingress-east-service" in staging.reachable("telemetry-program")


def test_it_keeps_every_mandatory_rule(staging: Graph) -> None:
    found = judge(from_recorded(staging.resources.values()), Environment.STAGING)
    assert [violation.finding.message for violation in found if violation.blocks] == []


def test_its_console_is_an_output(staging: Graph) -> None:
    assert staging.outputs["dashboards"]["value"]["console"] == f"http://telemetry.{NAMESPACE}.svc:3000"


def test_every_replica_knows_where_its_spans_go_and_whose_they_are(staging: Graph) -> None:
    variables = application(staging)["env"]
    values = {one["name"]: one.get("value") for one in variables}
    assert values["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://telemetry.{NAMESPACE}.svc:4318"
    assert values["OTEL_RESOURCE_ATTRIBUTES"] == (
        "gostack.region=east,gostack.track=stable,service.instance.id=$(INSTANCE_ID)"
    )
    # Kubernetes puts in the place of a name what stands before it.
    names = [one["name"] for one in variables]
    assert names.index("INSTANCE_ID") < names.index("OTEL_RESOURCE_ATTRIBUTES")
    without = [one["name"] for one in application(published_graph("staging"))["env"]]
    assert [name for name in without if name.startswith("OTEL_")] == []


def test_what_a_service_says_itself_counts() -> None:
    def own(document: dict[str, Any]) -> None:
        document["telemetry"] = {"enabled": True}
        document["services"]["users"]["environment"] = {"OTEL_SERVICE_NAME": "shop"}

    variables = application(staging_graph(own))["env"]
    assert [one["value"] for one in variables if one["name"] == "OTEL_SERVICE_NAME"] == ["shop"]


def test_it_is_told_of_the_ingress_and_the_members_of_the_database_as_they_are_known(staging: Graph) -> None:
    collector = told(staging)
    assert collector["certificates"] == {"east": f"ingress-east.{NAMESPACE}.svc:443"}
    assert staging.resources["ingress-east-service"].plain("metadata")["name"] == "ingress-east"
    assert [port["port"] for port in staging.resources["ingress-east-service"].plain("spec")["ports"]] == [443, 80]
    assert collector["mysql"]["members"] == {
        "east": f"mysql-east.{NAMESPACE}.svc:3306",
        "east-replica": f"mysql-east-replica.{NAMESPACE}.svc:3306",
    }
    members = staging.outputs["mysql"]["value"]["members"]
    assert collector["mysql"]["members"] == members
    statements = unwrapped(staging.resources["mysql-accounts-secret"].inputs["stringData"])["STATEMENTS"]
    assert "'monitoring'@'%'" in statements
