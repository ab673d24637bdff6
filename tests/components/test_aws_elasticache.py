"""A Valkey in ElastiCache, by itself and in the published prod stack: who reaches it, and what services know.

Does not prove that it fails over: nothing is created.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.elasticache.cache import ElastiCache
from components.aws.elasticache.node_types import node_type
from components.names import replication_group
from infra.settings.given import known_references
from tests.components.alone import NAME, Secret, alone, exported, only, variables
from tests.graph.kubernetes import containers
from tests.graph.prod import HOME, OTHER, prod_graph, prod_settings
from tests.graph.recorder import Graph, unwrapped

PASSWORD = "correct-horse_battery_staple"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


@pytest.fixture(scope="module")
def cache() -> Graph:
    return alone(ElastiCache, password=Secret(PASSWORD), told=lambda made: made.values)


def test_clients_need_a_password_and_tls(cache: Graph) -> None:
    group = only(cache, GROUP)
    assert group.plain("transitEncryptionEnabled") is group.plain("atRestEncryptionEnabled") is True
    assert group.plain("transitEncryptionMode") == "required"
    assert group.plain("kmsKeyId")
    assert group.is_secret("authToken")
    for text in (PASSWORD, PASSWORD.replace("_", "-")):
        assert [name for name, plain in cache.in_plain().items() if text in plain] == []


def test_its_password_has_only_characters_that_it_takes(cache: Graph) -> None:
    assert unwrapped(only(cache, GROUP).inputs["authToken"]) == "correct-horse-battery-staple"


def test_the_password_before_is_taken_until_services_know_the_new_one(cache: Graph) -> None:
    assert only(cache, GROUP).plain("authTokenUpdateStrategy") == "ROTATE"


def test_services_are_told_an_address_over_tls(cache: Graph) -> None:
    url = exported(cache, "url")
    assert url.startswith("rediss://:correct-horse-battery-staple@")
    assert url.endswith(":6379/0")
    assert cache.outputs["url"]["secret"] is cache.outputs["password"]["secret"] is True


def test_pods_alone_reach_it(cache: Graph) -> None:
    rule = only(cache, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule.plain("referencedSecurityGroupId"), rule.plain("fromPort"), rule.plain("cidrIpv4")) == (
        *("sg-1", 6379),
        None,
    )
    paths = {item.name: item.plain("spec") for item in cache.resources.values() if "networkpolicy" in item.type.lower()}
    assert paths.keys() == {f"{NAME}-calls-application", f"{NAME}-calls-job"}
    for path in paths.values():
        (open_,) = path["egress"]
        assert [peer["ipBlock"]["cidr"] for peer in open_["to"]] == ["10.16.192.0/21"]
        assert [port["port"] for port in open_["ports"]] == [6379]


@pytest.mark.parametrize("nodes", [1, 2])
def test_two_nodes_are_in_two_zones_and_each_is_watched(nodes: int) -> None:
    graph = alone(ElastiCache, nodes=nodes)
    group = only(graph, GROUP)
    assert group.plain("numCacheClusters") == nodes
    assert group.plain("automaticFailoverEnabled") is group.plain("multiAzEnabled") is (nodes == 2)
    watched = {
        item.plain("dimensions")["CacheClusterId"] for item in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert watched == {f"test-{number:03}" for number in range(1, nodes + 1)}


@pytest.mark.parametrize("persistence", [True, False])
def test_data_that_is_to_outlive_it_is_protected_and_has_snapshots(persistence: bool) -> None:
    group = only(alone(ElastiCache, persistence=persistence), GROUP)
    assert bool(group.protect) is persistence
    assert (group.plain("snapshotRetentionLimit") > 0) is persistence
    assert ("finalSnapshotIdentifier" in group.inputs) is persistence


@pytest.mark.parametrize(
    ("memory_mib", "chosen"),
    [(128, "cache.t4g.micro"), (512, "cache.t4g.micro"), (513, "cache.t4g.small"), (65536, "cache.r7g.4xlarge")],
)
def test_the_smallest_node_with_room_is_taken(memory_mib: int, chosen: str) -> None:
    assert node_type(memory_mib) == chosen


def test_no_node_is_too_small_without_a_word() -> None:
    with pytest.raises(ValueError, match=r"more than cache.r7g.4xlarge has: use at most"):
        node_type(200_000)


def test_a_long_name_is_one_that_aws_takes() -> None:
    name = replication_group("production-of-the-shop", "cache-of-the-shop")
    assert len(name) <= 40
    assert "--" not in name


def test_a_service_in_prod_is_told_all_that_settings_let_it_ask_of_the_one_in_its_region() -> None:
    def cache(document: dict[str, Any]) -> None:
        document["accessories"] = {"cache": {"kind": "valkey", "regions": [HOME, OTHER]}}

    known = [name for name in known_references(prod_settings(cache), "users") if name.startswith("accessory.cache.")]

    def asked(document: dict[str, Any]) -> None:
        cache(document)
        variables = {f"CACHE_{name.rpartition('.')[2].upper()}": f"${{{name}}}" for name in known}
        document["services"]["users"].setdefault("environment", {}).update(variables)

    graph = prod_graph(asked)
    groups = {item.name: item for item in graph.of_type(GROUP)}
    assert groups.keys() == {f"cache-{HOME}-group", f"cache-{OTHER}-group"}
    assert {item.plain("replicationGroupId") for item in groups.values()} == {"gostack-prod-cache"}
    for region in (HOME, OTHER):
        assert f"cache-{region}-group" in graph.reachable(f"users-{region}-deployment"), region
        told = variables(containers(graph)[f"users-{region}-deployment/application"])
        assert told["CACHE_ADDRESS"] == "master.gostack-prod-cache.cache.example.com:6379"
        # Regions share no network.
        assert told["CACHE_PEERS"] == ""
