"""A Consul agent inside a pod: it registers what runs there, and answers its DNS questions.

One agent a pod, as a sidecar: it starts before the pod's program and ends after it, and deregisters the pod first of
all when the pod is told to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.consul.args import ConsulReference
from components.consul.configuration import POD_ADDRESS, agent_configuration, gossip_configuration
from components.consul.instances import ServiceInstance
from components.consul.probes import AGENT_ANSWERS, KNOWS_LEADER, found
from components.demands import CONSUL_AGENT
from components.kubernetes.names import CONSUL_SERVER
from components.kubernetes.network import EgressRule, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, Probes, memory_volume, run_before_stop, shell_probe
from components.kubernetes.scope import Scope
from components.kubernetes.workload import immutable_secret
from components.text import script

CONSUL_USER, CONSUL_GROUP = 100, 1000
"""User and group `consul` of the official image, which starts as root by default."""

GOSSIP_VARIABLE = "GOSSIP_CONFIGURATION"
"""Variable, and key of the pod's Secret, with the gossip key."""

SERVER_PORT = 8300
NODE_PREFIX = "pod"
VOLUME = "agent-files"


def sidecar(
    datacenter: ConsulReference,
    secret: pulumi.Input[str],
    services: Sequence[ServiceInstance] = (),
    *,
    ready_when_found: bool = False,
    started_with_leader: bool = False,
) -> ContainerSpec:
    """Return the agent of a pod, for its init containers.

    `secret` is the Secret with GOSSIP_VARIABLE. `ready_when_found` makes the pod ready only while clients of
    Consul find its instances: for pods that are found through Consul alone. `started_with_leader` keeps the
    pod's program from starting while nobody could answer its questions.
    """
    return ContainerSpec(
        name="consul-agent",
        image=datacenter["image"],
        user=CONSUL_USER,
        group=CONSUL_GROUP,
        resources=CONSUL_AGENT,
        command=["/bin/sh", "-c", script("consul/consul-member.sh", "consul/consul-agent.sh")],
        # The pod's program drains, not the agent.
        environment={
            **membership(datacenter, services),
            "NODE": NODE_PREFIX,
            "DRAIN_SECONDS": "0",
            "SERVERS": " ".join(datacenter["server_addresses"]),
        },
        from_fields={"POD_ADDRESS": "status.podIP"},
        secret=secret,
        secret_variables=[GOSSIP_VARIABLE],
        mounts={"/tmp": VOLUME},
        probes=Probes(
            startup=shell_probe(KNOWS_LEADER if started_with_leader else AGENT_ANSWERS, period=1, failures=120),
            readiness=(
                shell_probe(found([service.service for service in services]), period=2, failures=5)
                if ready_when_found
                else None
            ),
        ),
        pre_stop=run_before_stop(_deregister(services)) if services else None,
        sidecar=True,
    )


def membership(datacenter: ConsulReference, services: Sequence[ServiceInstance] = ()) -> Mapping[str, str]:
    """Return the variables, none of them a secret, by which an agent's start script joins a datacenter."""
    return {
        "AGENT_CONFIGURATION": agent_configuration(
            datacenter=datacenter["datacenter"],
            lan_address=POD_ADDRESS,
            wan_address=POD_ADDRESS,
            server_addresses=datacenter["server_addresses"],
            services=services,
        )
    }


def agent_secret(
    scope: Scope, name: str, datacenter: ConsulReference, more: Mapping[str, pulumi.Input[str]] | None = None
) -> pulumi.Output[str]:
    """Make the Secret of a pod with an agent, for GOSSIP_VARIABLE and what else the pod has, and return its name."""
    gossip = pulumi.Output.secret(datacenter["gossip_key"]).apply(gossip_configuration)
    return immutable_secret(scope, f"{name}-secret", {**(more or {}), GOSSIP_VARIABLE: gossip})


def agent_volume() -> k8s.core.v1.VolumeArgs:
    """Return the volume that the sidecar needs; in memory, because the gossip key is in it."""
    return memory_volume(VOLUME, 64)


def to_servers(stack: str) -> EgressRule:
    """Return the rule that lets an agent reach the servers."""
    return EgressRule(to=pods_of_stack(stack, CONSUL_SERVER), ports=tcp(SERVER_PORT))


def _deregister(services: Sequence[ServiceInstance]) -> str:
    return "; ".join(f"consul services deregister -id={service.identity}" for service in services)
