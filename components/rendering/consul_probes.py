"""Shell commands that tell how an agent, and what it registers, stand with their datacenter.

They run beside the agent, with the variable NODE of `shell/consul-agent.sh`.
"""

from __future__ import annotations

from collections.abc import Sequence


def _asked(path: str) -> str:
    return f'wget -q -O - "http://127.0.0.1:8500/v1/{path}"'


AGENT_ANSWERS = f"{_asked('agent/self')} > /dev/null"
"""Succeeds while the agent answers."""

KNOWS_LEADER = f"{_asked('status/leader')} | grep -q :"
"""Succeeds while the agent reaches a datacenter that has a leader."""


def found(services: Sequence[str]) -> str:
    """Return what succeeds while whoever asks the datacenter for these services is told of this agent's instances.

    The agent itself knows some seconds earlier that an instance passes its check: its servers hear of it in their next
    exchange. An older instance that went in between would leave clients with none.
    """
    # The answer is "[]" when there is none:
    # https://developer.hashicorp.com/consul/api-docs/health#list-service-instances-for-service
    passing_here = "passing&stale&filter=Node.Node%3D%3D%22$NODE-$(hostname)%22"
    probes = [f"{_asked(f'health/service/{service}?{passing_here}')} | grep -q Checks" for service in services]
    return " && ".join([*probes, KNOWS_LEADER])
