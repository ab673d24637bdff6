"""The address of a group's primary on Docker: a proxy in each region, and what leads there.

Does not prove that it follows the primary: its own tests do with programs that stand for Consul and MySQL, and
tests/integration/test_15_primary_address.py does with a group.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.mysql.docker import MySqlCluster
from components.mysql.docker_member import MySqlMember
from components.mysql.docker_proxy import MySqlProxy
from components.service_database.docker import ServiceDatabase
from tests.components.alone import NAME, alone, before, exported
from tests.components.test_docker_mysql import DATACENTERS, PLACES, REGIONS
from tests.contract.test_instances import CLUSTER, MYSQL
from tests.graph.recorder import Graph

PARTS = ("pod-sandbox", "program", "registration-agent")


@pytest.fixture(scope="module")
def proxy() -> Graph:
    return alone(MySqlProxy, datacenters=["east", "west"], max_connections=200)


@pytest.fixture(scope="module")
def group() -> Graph:
    return alone(
        MySqlCluster,
        topology="group",
        regions=REGIONS[:2],
        consul=DATACENTERS[:2],
        witness=REGIONS[2],
        proxy_image="proxy",
        told=lambda made: {"writers": made.reference.get("writer_addresses")},
    )


def test_a_region_alone_knows_its_proxy_by_the_name_that_all_of_them_have(proxy: Graph) -> None:
    sandbox = proxy.resources[f"{NAME}-pod-sandbox"]
    found = {network["name"]: network.get("aliases") for network in sandbox.plain("networksAdvanced")}
    assert found == {"east-network": ["mysql"], "backbone-network": []}
    assert sandbox.plain("ports") in (None, [])


def test_it_looks_for_the_primary_in_every_datacenter_that_may_have_it(proxy: Graph) -> None:
    assert proxy.resources[f"{NAME}-program"].environment == {"DATACENTERS": "east west"}


def test_another_proxy_knows_the_primary_before_the_one_that_carries_goes(proxy: Graph) -> None:
    other = alone(MySqlProxy, kept=proxy, datacenters=["east", "west"], max_connections=200, image="another")
    assert {f"{NAME}-{part}" for part in PARTS} <= other.changed(proxy)
    assert [other.resources[f"{NAME}-{part}"].delete_before_replace for part in PARTS] == [False] * 3
    agent = other.resources[f"{NAME}-registration-agent"]
    (service,) = json.loads(agent.environment["AGENT_CONFIGURATION"])["services"]
    # A check of MySQL's own port would be a connection to the primary, which counts those that say nothing.
    assert (service["name"], service["checks"][0]["http"]) == (
        "mysql-proxy",
        "http://address-of-this-pod.invalid:3307/",
    )
    assert "/v1/health/service/mysql-proxy?passing" in json.dumps(agent.plain("healthcheck"))
    assert before(other, "program", "registration-agent")


def test_its_memory_is_enough_for_the_connections_that_a_member_accepts(proxy: Graph) -> None:
    assert proxy.resources[f"{NAME}-program"].plain("memory") == 82
    more = alone(MySqlProxy, max_connections=2000)
    assert (
        more.resources[f"{NAME}-program"].plain("memory")
        == more.resources[f"{NAME}-program"].plain("memorySwap")
        == 532
    )


def test_a_preview_of_another_proxy_replaces_nothing_that_uses_its_address() -> None:
    graph = alone(MySqlProxy, told=lambda made: {"user": pulumi.Stash("user", input=made.address).output})
    assert exported(graph, "user") == "mysql:3306"
    assert graph.resources["user"].dependencies & {f"{NAME}-{part}" for part in PARTS} == set()


def test_a_group_has_a_proxy_in_each_region_once_its_members_are_there(group: Graph) -> None:
    found = {item.labels["gostack.region"] for item in group.with_role("proxy")}
    assert found == {"east", "west"}
    assert exported(group, "writers") == {"east": "mysql:3306", "west": "mysql:3306"}
    for region in found:
        assert {f"{NAME}-{place}-server" for place in PLACES} <= group.reachable(f"{NAME}-proxy-{region}-program")
        assert group.resources[f"{NAME}-proxy-{region}-program"].environment["DATACENTERS"] == "east west"


@pytest.mark.parametrize("topology", ["single", "replica"])
def test_a_primary_that_never_moves_has_no_proxy(topology: str) -> None:
    graph = alone(
        MySqlCluster, topology=topology, told=lambda made: {"writers": made.reference.get("writer_addresses")}
    )
    assert not graph.with_role("proxy")
    assert exported(graph, "writers") is None


def test_the_certificates_of_members_name_the_proxy_because_tls_goes_through_it() -> None:
    from cryptography import x509

    graph = alone(MySqlMember, cluster={**CLUSTER, "proxy_image": "proxy"})
    text = graph.resources[f"{NAME}-server"].environment["CERTIFICATE"].encode()
    names = x509.load_pem_x509_certificate(text).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mysql-east", "mysql"]


def test_migrations_and_values_lead_to_the_proxy() -> None:
    reference = {**MYSQL, "writer_addresses": dict.fromkeys(PLACES[:2], "mysql:3306")}
    graph = alone(ServiceDatabase, mysql=reference, told=lambda made: made.values_for("west"))
    assert graph.resources[f"{NAME}-migrations-run"].environment["MYSQL_PRIMARY_ADDRESS"] == "mysql:3306"
    told: dict[str, Any] = {key: exported(graph, key) for key in ("host", "port", "address", "dsn")}
    assert (told["host"], told["port"], told["address"]) == ("mysql", "3306", "mysql:3306")
    assert "@tcp(mysql:3306)/" in told["dsn"]
