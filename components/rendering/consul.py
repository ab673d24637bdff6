"""Consul's configuration as text: servers, agents and the services they register.

Keys and defaults: https://developer.hashicorp.com/consul/docs/agent/config. What the values buy was measured, see
docs/decisions.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """A health check of Consul; exactly one of `http`, `tcp`, `grpc` and `ttl` is given."""

    http: str | None = None
    """URL that answers 2xx."""

    tcp: str | None = None
    """Host and port that accept a connection."""

    grpc: str | None = None
    """Host and port that answer `SERVING` to gRPC health checking."""

    ttl: str | None = None
    """Time after which an instance that has not reported itself has failed, as Go writes a duration."""

    interval: str | None = None
    """Time between two checks, as Go writes a duration; not with `ttl`."""

    timeout: str | None = None
    """Time after which a check has failed; not with `ttl`."""

    failures: int = 1
    """Checks in a row that must fail before the instance is in the critical state; not with `ttl`. A new instance is in
    it until its first check passes."""

    def __post_init__(self) -> None:
        """Raise ValueError for none or more than one kind of check, and for failures that it cannot count."""
        if sum(kind is not None for kind in (self.http, self.tcp, self.grpc, self.ttl)) != 1:
            raise ValueError("a check has exactly one of http, tcp, grpc and ttl")
        if self.failures < 1 or (self.ttl is not None and self.failures != 1):
            raise ValueError("a check fails after one failure or more, and one of ttl after one")

    def probe(self) -> dict[str, str | int]:
        """Return the check in the words of Consul's configuration."""
        words: dict[str, str | int | None] = {
            "http": self.http,
            "tcp": self.tcp,
            "grpc": self.grpc,
            "ttl": self.ttl,
            "interval": self.interval,
            "timeout": self.timeout,
            "failures_before_critical": self.failures if self.failures > 1 else None,
        }
        return {word: value for word, value in words.items() if value is not None}


@dataclass(frozen=True)
class ServiceInstance:
    """One instance of a service, registered by the agent beside it under the agent's own address."""

    service: str
    port: int
    check: Check
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    instance: str | None = None
    """Name of the instance, unique at its agent; the service's own by default."""


# The address is looked up when the agent starts: a restarted container may have another one. The words are those of
# https://pkg.go.dev/github.com/hashicorp/go-sockaddr/template.
POD_ADDRESS = '{{ GetAllInterfaces | exclude "flags" "loopback" | include "type" "IPv4" | attr "address" }}'
"""The address of a pod that is in one network alone, as an agent looks it up."""


CLIENTS_ADDRESS = "address-of-this-pod.invalid"
"""Stands in a check for the address under which clients reach the pod; `shell/consul-agent.sh` writes it there."""

FORGOTTEN_AFTER = "15m"
"""Time after which servers forget an agent that died without a word, with everything that it had registered. It is out
of traffic within seconds; and one that comes back later registers anew."""


def address_in(cidr: str) -> str:
    """Return what makes an agent look up its address in a network that is given in CIDR notation."""
    return f'{{{{ GetAllInterfaces | include "network" "{cidr}" | attr "address" }}}}'


def _common(datacenter: str, lan_address: str, wan_address: str) -> dict[str, Any]:
    return {
        "datacenter": datacenter,
        "data_dir": "/consul/data",
        "bind_addr": "0.0.0.0",
        "advertise_addr": lan_address,
        "advertise_addr_wan": wan_address,
        "translate_wan_addrs": True,
        "log_level": "WARN",
        "disable_update_check": True,
        "disable_keyring_file": True,
        "enable_local_script_checks": False,
        "connect": {"enabled": False},
        "telemetry": {"disable_hostname": True},
    }


def server_configuration(
    *,
    datacenter: str,
    lan_address: str,
    wan_address: str,
    server_addresses: Sequence[str],
    wan_join: Sequence[str],
    writers: Sequence[str],
) -> str:
    """Return the configuration of a Consul server as JSON.

    `lan_address` and `wan_address` are what makes the server look up its addresses, `server_addresses` where all
    servers of the datacenter are always found, `wan_join` names of servers in the other datacenters, `writers` networks
    in CIDR notation that may write over HTTP, beside the server's own machine.
    """
    return _json(
        _common(datacenter, lan_address, wan_address)
        | {
            "server": True,
            "bootstrap_expect": len(server_addresses),
            "retry_join": list(server_addresses),
            "retry_join_wan": list(wan_join),
            "retry_interval": "1s",
            "retry_interval_wan": "2s",
            "client_addr": "0.0.0.0",
            "ui_config": {"enabled": True},
            # Anybody in the region's network can read; only this machine can write.
            "http_config": {"allow_write_http_from": ["127.0.0.0/8", *writers]},
            # A leader that died is replaced in about 3 s instead of 13 s.
            "performance": {"raft_multiplier": 1},
        }
    )


def agent_configuration(
    *,
    datacenter: str,
    lan_address: str,
    wan_address: str,
    server_addresses: Sequence[str],
    services: Sequence[ServiceInstance] = (),
) -> str:
    """Return the configuration of a client agent as JSON, with the service instances that it registers.

    `lan_address` and `wan_address` are what makes it look up its addresses: `address_in` a network, or `POD_ADDRESS`.
    """
    return _json(
        _common(datacenter, lan_address, wan_address)
        | {
            "server": False,
            "client_addr": "127.0.0.1",
            "retry_join": list(server_addresses),
            "retry_interval": "1s",
            "leave_on_terminate": True,
            "advertise_reconnect_timeout": FORGOTTEN_AFTER,
            "dns_config": {
                "allow_stale": True,
                "max_stale": "87600h",
                "node_ttl": "0s",
                "service_ttl": {"*": "0s"},
                "only_passing": True,
                # Without these two an answer over UDP holds three random instances.
                "enable_truncate": True,
                "udp_answer_limit": 100,
            },
            "services": [_service(instance) for instance in services],
        }
    )


def gossip_configuration(key: str) -> str:
    """Return the part of the configuration that is a secret: the gossip key, 32 bytes in base64."""
    return _json({"encrypt": key})


def dynamic_configuration_key(service: str) -> str:
    """Return the key under which a service looks for what it may be told while it runs."""
    return f"services/{service}/settings"


def _service(instance: ServiceInstance) -> dict[str, Any]:
    identity = instance.instance or instance.service
    check = {"name": f"{identity} answers", **instance.check.probe()}
    if instance.check.ttl is not None:
        # Whoever reports must know the check's name.
        check["id"] = identity
    return {
        "id": identity,
        "name": instance.service,
        "port": instance.port,
        "tags": list(instance.tags),
        "meta": dict(instance.metadata),
        "checks": [check],
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
