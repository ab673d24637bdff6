"""What an accessory may say, and what is refused before anything is created."""

from __future__ import annotations

from typing import Any

import pytest

from components.accessory import valkey
from infra.settings import Settings, SettingsError
from infra.settings.cluster_demand import region_demand
from tests.graph.conftest import KUBECONFIG, Document, dev_settings, published_settings

QUEUE: dict[str, Any] = {"image": "registry.example.com/queue:3.1", "port": 5672}
DIGEST = f"registry.example.com/queue@sha256:{64 * '0'}"


def docker(**accessories: dict[str, Any]) -> Settings:
    return dev_settings(lambda document: document.update(accessories=accessories))


def cluster(**accessories: dict[str, Any]) -> Settings:
    def change(document: Document) -> None:
        document["kubernetes"]["kubeconfig"] = KUBECONFIG
        document["accessories"] = accessories

    return published_settings("staging", change)


def test_a_cache_needs_no_more_than_its_kind() -> None:
    cache = docker(cache={"kind": "valkey"}).accessories["cache"]
    assert (cache.all_ports(), cache.limit_mib(), cache.data()) == ([6379], 128, {})


def test_any_image_needs_a_port() -> None:
    queue = docker(queue={**QUEUE, "ports": [15672]}).accessories["queue"]
    assert (queue.all_ports(), queue.limit_mib(), queue.check.protocol) == ([5672, 15672], 256, "tcp")


def test_one_alone_is_in_the_region_of_the_primary_and_one_for_each_is_in_all() -> None:
    settings = docker(cache={"kind": "valkey"}, own={"kind": "valkey", "regions": ["west", "east"]})
    assert settings.accessories["cache"].runs_in(settings.ordered_regions()) == ["east"]
    assert settings.accessories["own"].runs_in(settings.ordered_regions()) == ["east", "west"]


@pytest.mark.parametrize(
    ("accessory", "told"),
    [
        ({"port": 5672}, "image is missing"),
        ({"image": "queue:3.1"}, "port is missing"),
        ({"image": "queue", "port": 5672}, "has no tag"),
        ({**QUEUE, "persistence": True}, "persistence means nothing with kind image"),
        ({"kind": "valkey", "port": 1}, "port means nothing with kind valkey"),
        ({**QUEUE, "port": 8500}, "8500 belongs to the Consul agent"),
        ({**QUEUE, "ports": [5672]}, "5672 is there twice"),
        ({**QUEUE, "metrics": {"port": 8500}}, "8500 belongs to the Consul agent"),
        ({"kind": "valkey", "metrics": {}}, "metrics means nothing with kind valkey"),
        ({**QUEUE, "volumes": {"data": {"path": "data"}}}, "is not the path of a folder"),
        ({**QUEUE, "volumes": {"data": {"path": "/tmp"}}}, '"/tmp" is there twice'),
        ({**QUEUE, "check": {"protocol": "command"}}, "command is missing"),
        ({**QUEUE, "check": {"path": "/ready"}}, "path means nothing with protocol tcp"),
        ({**QUEUE, "regions": ["north"]}, 'regions has "north", which is no region'),
        ({**QUEUE, "regions": ["east", "east"]}, "regions names 2 of 2 regions"),
        ({**QUEUE, "egress": [{"network": "0.0.0.0/0", "port": 443}]}, 'only when gostack:platform is "kubernetes"'),
        ({**QUEUE, "volume": {}}, "is not a known key"),
        ({**QUEUE, "environment": {"A": "${secret.B}"}}, "write it with `gostack secrets set queue B`"),
        ({**QUEUE, "environment": {"A": "${mysql.host}"}}, "A has ${mysql.host}, "),
        ({**QUEUE, "secrets": {"A": ""}}, "secrets.A: it is empty"),
        ({**QUEUE, "secrets": {"A": "ref+awssecrets://a"}}, "secrets.A refers to AWS Secrets Manager"),
        ({"kind": "valkey", "secrets": {"A": "b"}}, "secrets means nothing with kind valkey"),
    ],
)
def test_a_wrong_one_is_refused_with_the_fix(accessory: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        docker(queue=accessory)
    assert told in str(raised.value)
    assert "accessories.queue" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("users", "gostack:accessories.users has the name of a service"),
        ("mysql-proxy", "gostack:accessories.mysql-proxy has the name of a part of the stack"),
        ("mysql", "gostack:accessories.mysql has the name of a part of the stack"),
        ("consul-east", "gostack:accessories.consul-east has the name of a part of the stack"),
    ],
)
def test_its_name_is_nobody_elses(name: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        docker(**{name: QUEUE})


@pytest.mark.parametrize(
    ("accessory", "told"),
    [
        (QUEUE, "whose tag may move"),
        ({**QUEUE, "image": DIGEST}, "user is missing"),
        ({**QUEUE, "image": DIGEST, "user": 999, "capabilities": ["CHOWN"]}, "capabilities has a meaning only"),
    ],
)
def test_a_cluster_needs_a_digest_and_a_user(accessory: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        cluster(queue=accessory)


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        ({}, r"cache.regions names 1 of 2 regions, which share no network on AWS: name every region"),
        ({"memory_mib": 65536 * 2}, r"cache.memory_mib"),
    ],
)
def test_on_aws_each_region_has_its_own_of_a_size_that_there_is(cache: dict[str, Any], told: str) -> None:
    regions = {} if not cache else {"regions": ["eu-central-1", "us-east-1"]}
    with pytest.raises(SettingsError, match=told):
        published_settings(
            "prod", lambda document: document.update(accessories={"cache": {"kind": "valkey", **regions, **cache}})
        )


def test_on_aws_no_image_of_valkey_is_needed() -> None:
    cache = {"kind": "valkey", "regions": ["eu-central-1", "us-east-1"]}
    settings = published_settings("prod", lambda document: document.update(accessories={"cache": cache}))
    assert "valkey" not in settings.third_party_images()


def test_the_image_of_valkey_is_needed_only_where_one_runs() -> None:
    assert "valkey" not in docker(queue=QUEUE).third_party_images()
    assert docker(cache={"kind": "valkey"}).third_party_images()["valkey"] == "valkey/valkey:8"


def test_a_regions_quota_has_room_for_it_and_its_disk() -> None:
    queue = {
        **QUEUE,
        "image": DIGEST,
        "user": 999,
        "memory_mib": 512,
        "volumes": {"data": {"path": "/d", "size_gib": 7}},
    }
    without, with_it = region_demand(cluster(), "east"), region_demand(cluster(queue=queue), "east")
    assert with_it.storage_gib - without.storage_gib == 7
    assert with_it.memory_limits_mib - without.memory_limits_mib == 512
    assert with_it.pods - without.pods == 1


def test_valkey_drops_keys_before_the_kernel_ends_it() -> None:
    cache = valkey.settings(memory_mib=128, persistence=False, policy="allkeys-lru").splitlines()
    store = valkey.settings(memory_mib=128, persistence=True, policy="noeviction").splitlines()
    assert {"maxmemory 96mb", "maxmemory-policy allkeys-lru", "appendonly no"} <= set(cache)
    # The log of writes is written anew beside the one in use.
    assert {"maxmemory 64mb", "maxmemory-policy noeviction", "appendonly yes", "dir /data"} <= set(store)
    assert not any("requirepass" in line for line in [*cache, *store])
