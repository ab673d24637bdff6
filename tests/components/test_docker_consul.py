"""Consul's servers and documents on Docker, one component at a time.

Does not prove that Consul elects a leader: the integration tests do.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi

from components.consul.docker import ConsulDatacenter
from components.docker.files import SECRETS
from components.runtime_config.docker import DynamicConfiguration
from tests.components.alone import NAME, alone, children, exported

SERVERS = [f"{NAME}-server-{index}" for index in range(3)]


def test_servers_are_changed_one_after_the_other() -> None:
    graph = alone(ConsulDatacenter, servers=3)
    assert children(graph) == {
        *(f"server-{index}{part}" for index in range(3) for part in ("", "-data")),
        *("secrets", "secrets-writer"),
    }
    assert SERVERS[0] in graph.resources[SERVERS[1]].dependencies
    assert SERVERS[1] in graph.resources[SERVERS[2]].dependencies
    # A fixed address and a data folder cannot be had twice.
    assert {graph.resources[name].delete_before_replace for name in SERVERS} == {True}


def test_a_server_leaves_in_order_and_comes_back_to_its_address_and_data() -> None:
    graph = alone(ConsulDatacenter, servers=3)
    for index, name in enumerate(SERVERS):
        server = graph.resources[name]
        # SIGINT is Consul's graceful leave for a server that comes back.
        assert server.plain("stopSignal") == "SIGINT"
        fixed = [network["ipv4Address"] for network in server.plain("networksAdvanced") if "ipv4Address" in network]
        assert fixed == [f"10.80.1.{11 + index}"]
        volume, secrets = server.plain("volumes")
        assert (volume["containerPath"], secrets["containerPath"]) == ("/consul/data", "/run/gostack/secrets")
        assert volume["volumeName"] == graph.resources[f"{name}-data"].outputs["name"]
        assert server.plain("wait") is True
        # A busy machine must leave it enough for its heartbeats.
        assert server.plain("cpuShares") == 8192


def test_only_one_server_has_a_port_of_this_machine_and_only_this_machine_writes() -> None:
    graph = alone(ConsulDatacenter, servers=3, bind_address="127.0.0.1", http_port=8500)
    ports = {name: graph.resources[name].plain("ports") for name in SERVERS}
    assert ports[SERVERS[0]] == [{"internal": 8500, "external": 8500, "ip": "127.0.0.1", "protocol": "tcp"}]
    assert ports[SERVERS[1]] is ports[SERVERS[2]] is None
    configuration = json.loads(graph.resources[SERVERS[0]].environment["AGENT_CONFIGURATION"])
    assert configuration["http_config"]["allow_write_http_from"] == ["127.0.0.0/8", "10.80.1.1/32", "10.80.0.1/32"]


def test_agents_wait_for_every_server_and_find_the_key_in_the_volume_of_the_region() -> None:
    def told(datacenter: Any) -> dict[str, Any]:
        pulumi.Stash("agent", input=datacenter.reference["gossip_volume"])
        return dict(datacenter.reference)

    graph = alone(ConsulDatacenter, servers=3, told=told)
    assert set(SERVERS) <= graph.reachable("agent")
    assert graph.outputs["gossip_volume"] == {"secret": False, "value": f"{NAME}-secrets-1234567"}
    assert {json.loads(text)["encrypt"] for name in SERVERS for text in graph.files(name).values()} == {"key"}
    assert exported(graph, "server_addresses") == ["10.80.1.11", "10.80.1.12", "10.80.1.13"]
    assert not any(graph.resources[name].is_secret("envs") for name in SERVERS)
    assert [name for name, text in graph.in_plain().items() if '\\"encrypt\\"' in text] == []


def test_a_document_is_in_force_before_the_old_one_goes() -> None:
    graph = alone(DynamicConfiguration, document='{"a": 1}')
    writer = graph.resources[f"{NAME}-document"]
    assert children(graph) == {"document"}
    assert writer.delete_before_replace is False
    assert writer.plain("wait") is True
    assert writer.environment["DOCUMENT"] == '{"a": 1}'
    assert writer.environment["KEY"] == "services/users/settings"
    assert writer.plain("destroyGraceSeconds") >= 10
    assert [mount["containerPath"] for mount in writer.plain("volumes")] == [SECRETS]
    assert not writer.is_secret("envs")
