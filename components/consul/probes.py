"""Shell commands that tell how a Consul agent, what it registers, and a Consul server stand with their datacenter."""

from __future__ import annotations

from collections.abc import Sequence

_GET = "wget -q -O -"
_AGENT = "http://127.0.0.1:8500/v1"

AGENT_ANSWERS = f"{_GET} {_AGENT}/agent/self > /dev/null"
"""Succeeds while the agent answers."""

CHECK_PASSES = f'{_GET} {_AGENT}/agent/checks | grep -q \'"Status": *"passing"\''
"""Succeeds while the one check of the agent passes that belongs to no service."""

KNOWS_LEADER = f"{_GET} {_AGENT}/status/leader | grep -q :"
"""Succeeds while the agent reaches a datacenter that has a leader."""

# A server that never was in a cluster is well when it answers; one that was needs its leader, so that servers which
# are replaced one after the other never outnumber those that hold the quorum.
CONSUL_SERVER_HEALTH = f'peers=$({_GET} {_AGENT}/status/peers) && {{ [ "$peers" = "[]" ] || {KNOWS_LEADER}; }}'
"""Health of a Consul server."""


def found(services: Sequence[str]) -> str:
    """Return what succeeds while whoever asks the datacenter for these services is told of this agent's instances.

    The agent itself knows some seconds earlier that an instance passes its check: its servers hear of it in their next
    exchange. An older instance that went in between would leave clients with none. The command reads the file
    that `shell/consul-agent.sh` writes.
    """
    # The answer is "[]" when there is none:
    # https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service
    passing_here = "passing&stale&filter=Node.Node%3D%3D%22$(cat /tmp/consul/node)%22"
    probes = [f'{_GET} "{_AGENT}/health/service/{service}?{passing_here}" | grep -q Checks' for service in services]
    return " && ".join([*probes, KNOWS_LEADER])
