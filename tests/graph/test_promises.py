"""What the dev stack's graph promises, whatever its details are.

Does not prove that the engine keeps to the graph, nor that a provider does what its inputs say.
"""

from __future__ import annotations

import json
import re

import pytest

from components.consul.instances import CLIENTS_ADDRESS
from components.ingress.docker import variable_name
from tests.graph.conftest import Document, as_single, dev_graph
from tests.graph.recorder import Graph, Registered, names

MEMBERS = ("east", "west", "witness")


def applications(graph: Graph) -> list[Registered]:
    return graph.with_role("application")


def test_two_runs_register_the_same_graph(dev: Graph) -> None:
    again = dev_graph()
    assert {name: (item.type, item.parent, item.dependencies) for name, item in again.resources.items()} == {
        name: (item.type, item.parent, item.dependencies) for name, item in dev.resources.items()
    }


def test_a_replica_is_checked_as_its_settings_say() -> None:
    wanted = {"interval": "3s", "timeout": "4s", "failures": 5}

    def change(document: Document) -> None:
        document["services"]["users"]["check"] = {"path": "/well?full=1", **wanted}

    agents = dev_graph(change).with_role("agent", service="users")
    assert agents
    for agent in agents:
        (service,) = json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]
        assert service["checks"] == [
            {
                "name": "users answers",
                "http": f"http://{CLIENTS_ADDRESS}:8080/well?full=1",
                "interval": "3s",
                "timeout": "4s",
                "failures_before_critical": 5,
            }
        ]


def test_nothing_is_forgotten_because_it_was_ill(dev: Graph) -> None:
    agents = dev.with_role("agent")
    assert agents
    for agent in agents:
        assert "deregister_critical" not in agent.environment["AGENT_CONFIGURATION"], agent.name


def test_what_is_checked_is_the_address_in_the_network_where_clients_are(dev: Graph) -> None:
    for agent in dev.with_role("agent"):
        assert agent.environment["SERVERS"].startswith(
            {"east": "10.80.1.", "west": "10.80.2."}[agent.labels["gostack.region"]]
        ), agent.name
        for service in json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]:
            for check in service["checks"]:
                asked = str(check.get("http") or check.get("tcp") or check.get("grpc") or check.get("ttl"))
                assert CLIENTS_ADDRESS in asked or "ttl" in check, (agent.name, asked)


def test_whatever_holds_a_fixed_port_address_or_volume_goes_before_its_replacement(dev: Graph) -> None:
    for container in dev.containers:
        fixed_address = any("ipv4Address" in network for network in container.plain("networksAdvanced") or [])
        if "ports" in container.inputs or fixed_address or container.labels["gostack.role"] == "mysql":
            assert container.delete_before_replace is True, container.name


def test_replicas_start_only_after_their_schema_is_migrated(dev: Graph) -> None:
    for application in applications(dev):
        assert "users-database-migrations-run" in dev.reachable(application.name)
    assert "users-database-accounts-run" in dev.reachable("users-database-migrations-run")
    assert "mysql-accounts-run" in dev.reachable("users-database-accounts-run")


def test_replicas_of_services_start_after_every_member_of_the_database(dev: Graph, replica: Graph) -> None:
    for graph in (dev, replica):
        servers = names(graph.with_role("mysql"))
        assert len(servers) > 1
        for application in applications(graph):
            assert servers <= graph.reachable(application.name)


@pytest.mark.parametrize("topology", ["single", "replica", "dev"])
def test_nothing_takes_a_value_from_a_database_server(topology: str, request: pytest.FixtureRequest) -> None:
    # The engine would remove it before it replaces the server.
    graph: Graph = request.getfixturevalue(topology)
    assert graph.made_from(names(graph.with_role("mysql"))) == set()


def test_health_checks_can_change(dev: Graph) -> None:
    for container in dev.containers:
        assert container.replace_on_changes == ("healthcheck",), container.name


def bound(graph: Graph) -> set[tuple[int, str]]:
    ports = [port for container in graph.containers for port in container.plain("ports") or []]
    return {(port["external"], port["ip"]) for port in ports}


def test_ports_listen_on_the_settings_address_alone(dev: Graph) -> None:
    def bind_elsewhere(document: Document) -> None:
        document["regions"]["west"]["bind_address"] = "192.168.7.7"
        document["ingress"]["ipv6"] = True

    # Consul's interface has no login: it is for this machine alone, whatever the settings say.
    here = {(port, "127.0.0.1") for port in (8443, 8080, 8500, 9500, 8900)}
    assert bound(dev) == here | {(port, "127.0.0.1") for port in (9443, 9080)}
    elsewhere = {*((port, "::1") for port in (8443, 8080)), *((port, "192.168.7.7") for port in (9443, 9080))}
    assert bound(dev_graph(bind_elsewhere)) == here | elsewhere


def test_ports_are_asked_for_in_the_order_in_which_they_are_told_so_that_no_update_replaces_a_pod(dev: Graph) -> None:
    published = [container.plain("ports") for container in dev.containers if container.plain("ports")]
    assert any(len(ports) > 1 for ports in published)
    for ports in published:
        assert ports == sorted(ports, key=lambda port: port["internal"])
        # Of two addresses that lead to one port, Docker tells either one first.
        assert len({port["internal"] for port in ports}) == len(ports)


def test_data_outlives_the_stack_under_a_name_that_never_changes(dev: Graph) -> None:
    data = [item for item in dev.of_type("docker:index/volume:Volume") if "gostack.data" in item.labels]
    kept = [*(f"mysql-{place}" for place in MEMBERS), "telemetry-metrics", "telemetry-logs", "telemetry-collector"]
    assert {item.plain("name") for item in data} == {f"gostack-dev-{name}" for name in kept}
    assert all(item.retain_on_delete for item in data)
    assert not any(item.protect for item in data)


def test_data_is_protected_when_the_settings_say_so() -> None:
    def protect(document: Document) -> None:
        document["mysql"]["protect"] = True

    graph = dev_graph(protect)
    protected = {item.name for item in graph.resources.values() if item.protect}
    assert protected == {f"mysql-{place}-data" for place in MEMBERS}


def test_secrets_are_kept_when_the_program_makes_fresh_ones(dev: Graph) -> None:
    for stash in dev.of_type("pulumi:index:Stash"):
        assert stash.ignore_changes == ("input",), stash.name


def test_a_replica_reads_from_its_own_region_and_writes_to_the_primary(dev: Graph) -> None:
    for application in applications(dev):
        region = application.labels["gostack.region"]
        assert application.environment["MYSQL_PRIMARY_ADDRESS"] == "mysql:3306"
        assert application.environment["MYSQL_REPLICA_ADDRESS"] == f"mysql-{region}:3306"


def asked(graph: Graph, region: str, service: str, group: str) -> list[tuple[str, str]]:
    """Regions whose replicas are in a group of an ingress's, each with what it is there for."""
    text = graph.resources[f"ingress-{region}-release-files"].environment[variable_name(f"service-{service}.conf")]
    servers = text.split(f"upstream stable.{service}.{group} {{", 1)[1].split("}", 1)[0]
    return re.findall(r"server service\.(\w+)\.consul .*?( backup)?;", servers)


def test_each_ingress_asks_its_own_region_first(dev: Graph) -> None:
    for region, other in (("east", "west"), ("west", "east")):
        assert asked(dev, region, "users", region) == [(region, "")]
        assert asked(dev, region, "users", "elsewhere") == [(other, "")]
        assert asked(dev, region, "users", "anywhere") == [(region, ""), (other, " backup")]


def test_one_replica_more_adds_exactly_one_pod_a_region(dev: Graph) -> None:
    grown = dev_graph(lambda document: document["services"]["users"].update(replicas=3))
    added = set(grown.resources) - set(dev.resources)
    assert added == {
        f"users-{region}-2-{part}"
        for region in ("east", "west")
        for part in ("pod", "pod-sandbox", "application", "registration", "registration-agent")
    }


def test_a_single_primary_has_no_replica_and_every_region_uses_it(single: Graph) -> None:
    assert names(single.with_role("mysql")) == {"mysql-east-server"}
    assert {item.environment["MYSQL_REPLICA_ADDRESS"] for item in applications(single)} == {"mysql-east:3306"}


def test_one_region_has_no_backup() -> None:
    def one_region(document: Document) -> None:
        as_single(document)
        document["regions"].pop("west")

    graph = dev_graph(one_region)
    assert asked(graph, "east", "users", "anywhere") == [("east", "")]
