"""A Consul agent inside a pod: it registers what runs there, and answers its DNS questions."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from components.consul.args import ConsulReference
from components.consul.configuration import address_in, agent_configuration
from components.consul.instances import ServiceInstance
from components.consul.probes import CHECK_PASSES, found
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import secrets_mount
from components.names import node_prefix
from components.options import given_dependencies
from components.region.args import RegionReference
from components.text import script

CONSUL_USER = "100:1000"
"""User and group `consul` of the official image, which starts as root by default."""


class ConsulAgentArgs(TypedDict):
    """Inputs of an agent."""

    network_mode: pulumi.Input[str]
    """`Pod.network_mode`."""

    node: str
    """First part of the agent's name in Consul; the pod's identity is the second."""

    region: RegionReference
    """Region of the pod."""

    consul: ConsulReference
    """Datacenter that the agent joins."""

    services: Sequence[ServiceInstance]
    """What the pod offers; empty for a pod that only asks."""

    check: NotRequired[Mapping[str, Any]]
    """Check of a program that offers nothing (`pod_check`); the agent is healthy while it passes."""

    drain_seconds: int
    """Time in seconds that passes after the deregistration before whoever waits for the agent's end goes on."""

    start_seconds: int
    """Time in seconds after which an instance that is not healthy fails the update."""

    replaced_with_pod: bool
    """True in a pod that is replaced as a whole, where the new agent comes up beside the old one; False in a pod that
    stays, where the old one must free its ports first."""

    labels: Mapping[str, str]
    """Labels of the container."""


class ConsulAgent(pulumi.ComponentResource):
    """Registration of a pod. It exists while the pod takes requests: created after the pod's program is up, and passing
    its check, it is removed before that program is stopped.

    One agent a pod: an agent that several pods share takes all of them with it when it dies.
    """

    node: pulumi.Output[str]
    """First part of the agent's name in Consul."""

    def __init__(self, name: str, args: ConsulAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ConsulAgent", name, {}, opts)
        container = hardened_container(
            f"{name}-agent",
            agent_spec(args),
            parent=self,
            network_mode=args["network_mode"],
            create_first=args["replaced_with_pod"],
            # Of what it registers: Pulumi deletes both at once when only the component depends on it.
            depends_on=given_dependencies(opts),
        )
        self.node = container.id.apply(lambda _: args["node"])
        self.register_outputs({"node": self.node})


def membership(
    region: RegionReference,
    datacenter: ConsulReference,
    services: Sequence[ServiceInstance] = (),
    checks: Sequence[Mapping[str, Any]] = (),
) -> dict[str, pulumi.Input[str]]:
    """Return the variables by which an agent's start script joins the region's datacenter; the key is in its volume."""
    return {
        "AGENT_CONFIGURATION": agent_configuration(
            datacenter=datacenter["datacenter"],
            lan_address=address_in(region["cidr"]),
            wan_address=address_in(region["backbone_cidr"]),
            server_addresses=datacenter["server_addresses"],
            services=services,
            checks=checks,
        ),
    }


def agent_spec(args: ConsulAgentArgs) -> ContainerSpec:
    """Return what the agent's container is made of."""
    region, datacenter = args["region"], args["consul"]
    return ContainerSpec(
        image=datacenter["image"],
        role="agent",
        labels=args["labels"],
        memory_mib=128,
        user=CONSUL_USER,
        entrypoint=["/bin/sh", "-c"],
        command=[script("consul/consul-member.sh", "consul/consul-agent.sh")],
        environment={
            **membership(region, datacenter, args["services"], [args["check"]] if "check" in args else ()),
            "NODE": node_prefix(args["node"]),
            "DRAIN_SECONDS": str(args["drain_seconds"]),
            # In the region's network: the way to them begins at the address by which it knows the pod.
            "SERVERS": " ".join(datacenter["server_addresses"]),
        },
        volumes=[secrets_mount(datacenter["gossip_volume"])],
        health=HealthCheck(
            test=["CMD-SHELL", _health_test(args)],
            wait_seconds=args["start_seconds"],
            # An instance that starts slowly is not unhealthy yet.
            start_period_seconds=args["start_seconds"],
        ),
        stop_seconds=args["drain_seconds"] + 15,
    )


def _health_test(args: ConsulAgentArgs) -> str:
    # An instance that reports itself says what it is, not whether it is well.
    known = found([service.service for service in args["services"] if service.ttl is None])
    return f"{CHECK_PASSES} && {known}" if "check" in args else known
