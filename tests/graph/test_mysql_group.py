"""What the graph of a stack with a MySQL group promises.

Does not prove that the group works, nor that the engine keeps to the order: the integration tests of the group do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.graph.conftest import Document, dev_graph
from tests.graph.recorder import Graph, names, unwrapped

MEMBERS = ("east", "west", "witness")
SERVERS = {f"mysql-{place}-server" for place in MEMBERS}
ADDRESSES = ",".join(f"mysql-{place}:3306" for place in MEMBERS)


def group_with(**values: Any) -> Any:
    def change(document: Document) -> None:
        for section, keys in values.items():
            document.setdefault(section, {}).update(keys)

    return change


@pytest.fixture
def group(dev: Graph) -> Graph:
    """The published dev stack is one."""
    return dev


def test_a_group_has_a_member_in_each_region_and_a_witness_that_nobody_is_told_of(group: Graph) -> None:
    assert names(group.with_role("mysql")) == SERVERS
    witness = {
        item.labels["gostack.role"] for item in group.containers if item.labels.get("gostack.region") == "witness"
    }
    # What fills its volume of secrets is a job.
    assert witness == {"sandbox", "mysql", "job"}


def test_whoever_connects_waits_for_the_proxy_of_every_region(group: Graph) -> None:
    proxies = names(group.with_role("proxy"))
    assert proxies == {f"mysql-proxy-{region}-program" for region in ("east", "west")}
    assert proxies <= group.reachable("users-database-migrations-run")
    for proxy in proxies:
        assert group.reachable(proxy) >= SERVERS


def test_a_change_of_members_touches_them_alone(group: Graph) -> None:
    assert dev_graph(group_with(mysql={"buffer_pool_mib": 99}), kept=group).changed(group) == SERVERS


def test_a_rotation_of_passwords_restarts_no_member(group: Graph) -> None:
    changed = dev_graph(group_with(rotation={"passwords": 2}), kept=group).changed(group)
    assert "mysql-accounts-run" in changed
    assert changed & SERVERS == set()


def test_the_password_between_members_is_renewed_with_their_authority(group: Graph) -> None:
    changed = dev_graph(group_with(rotation={"authority": 2}), kept=group).changed(group)
    assert SERVERS | {"mysql-group-password-value"} <= changed


def test_the_password_between_members_is_a_secret_of_members_alone(group: Graph) -> None:
    password = unwrapped(group.resources["mysql-group-password-value"].outputs["output"])
    assert group.holders(password) == SERVERS
    assert not [item.name for item in group.containers if password in json.dumps(unwrapped(item.inputs["envs"]))]
    assert [name for name, text in group.in_plain().items() if password in text] == []


def test_members_agree_on_the_group_and_differ_in_weight(group: Graph) -> None:
    configurations = [group.resources[f"mysql-{place}-server"].environment["MEMBER_CONFIGURATION"] for place in MEMBERS]

    def value(text: str, key: str) -> str:
        (line,) = [line for line in text.splitlines() if line.startswith(f"loose_group_replication_{key} = ")]
        return line.split(" = ")[1]

    assert len({value(text, "group_name") for text in configurations}) == 1
    assert [value(text, "member_weight") for text in configurations] == ["60", "50", "10"]
    assert {value(text, "group_seeds") for text in configurations} == {ADDRESSES}


def test_services_learn_where_to_look_for_the_primary(group: Graph) -> None:
    for application in group.with_role("application"):
        region = application.labels["gostack.region"]
        environment = application.environment
        assert environment["MYSQL_MEMBER_ADDRESSES"] == ADDRESSES
        assert environment["MYSQL_PRIMARY_DATACENTERS"] == "east,west"
        assert environment["MYSQL_PRIMARY_ADDRESS"] == "mysql:3306"
        assert environment["MYSQL_REPLICA_ADDRESS"] == f"mysql-{region}:3306"
    migrations = group.resources["users-database-migrations-run"].environment
    assert migrations["MYSQL_MEMBER_ADDRESSES"] == ADDRESSES
    assert migrations["MYSQL_PRIMARY_ADDRESS"] == "mysql:3306"
    assert "MYSQL_PRIMARY_DATACENTERS" not in migrations


@pytest.mark.parametrize("topology", ["single", "replica"])
def test_a_primary_that_never_moves_is_not_looked_for(topology: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(topology)
    for container in graph.containers:
        assert {"MYSQL_MEMBER_ADDRESSES", "MYSQL_PRIMARY_DATACENTERS"} & container.environment.keys() == set()


def test_a_region_registers_its_member_and_the_place_of_the_primary(group: Graph) -> None:
    for region in ("east", "west"):
        agent = group.resources[f"mysql-{region}-registration-agent"]
        member, primary = json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]
        assert (member["id"], member["name"], member["tags"]) == ("mysql", "mysql", ["member"])
        assert (primary["id"], primary["name"], primary["tags"]) == ("mysql-primary", "mysql", ["primary"])
        assert primary["meta"] == {"address": f"mysql-{region}:3306"}
        assert primary["checks"] == [{"id": "mysql-primary", "name": "mysql-primary answers", "ttl": "3s"}]
        assert group.resources[f"mysql-{region}-server"].environment["PRIMARY_CHECK"] == "mysql-primary"
        # An agent whose member is not the primary is well.
        assert "mysql-primary" not in json.dumps(agent.plain("healthcheck"))
    assert "PRIMARY_CHECK" not in group.resources["mysql-witness-server"].environment


def test_three_regions_make_a_group_without_a_witness() -> None:
    def change(document: Document) -> None:
        document["mysql"].pop("witness", None)
        document["mysql"]["topology"] = "group"
        document["regions"]["north"] = {
            "cidr": "10.80.8.0/24",
            "https_port": 7443,
            "http_port": 7080,
            "consul_port": 7500,
        }

    graph = dev_graph(change)
    assert names(graph.with_role("mysql")) == {f"mysql-{region}-server" for region in ("east", "north", "west")}
    assert unwrapped(graph.outputs["mysql"]["value"])["topology"] == "group"
