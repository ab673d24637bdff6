"""Consul's configuration as text: servers, agents and the services they register.

Keys and defaults: https://developer.hashicorp.com/consul/docs/agent/config. What the values buy was measured, see
docs/decisions.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.consul.instances import ServiceInstance

# The address is looked up when the agent starts: a restarted container may have another one. The words are those of
# https://pkg.go.dev/github.com/hashicorp/go-sockaddr/template.
POD_ADDRESS = '{{ GetAllInterfaces | exclude "flags" "loopback" | include "type" "IPv4" | attr "address" }}'
"""The address of a pod that is in one network alone, as an agent looks it up."""


FORGOTTEN_AFTER = "15m"
"""Time after which servers forget an agent that died without a word, with everything that it had registered. It is out
of traffic within seconds; and one that comes back later registers anew."""

_TELEMETRY = {"disable_hostname": True}


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
        "telemetry": _TELEMETRY,
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
            # Without it, the metrics of a server are not there for Prometheus.
            "telemetry": {**_TELEMETRY, "prometheus_retention_time": "60s"},
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
    checks: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the configuration of a client agent as JSON, with the service instances that it registers, and the checks
    that it makes beside theirs (`pod_check`).

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
            "services": [instance.definition() for instance in services],
            **({"checks": list(checks)} if checks else {}),
        }
    )


def gossip_configuration(key: str) -> str:
    """Return the part of the configuration that is a secret: the gossip key, 32 bytes in base64."""
    return _json({"encrypt": key})


def dynamic_configuration_key(service: str) -> str:
    """Return the key under which a service finds its document."""
    return f"services/{service}/settings"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
