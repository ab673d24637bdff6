"""The document in its region's Consul datacenter that a service reads while it runs, on Docker."""

import pulumi
import pulumi_docker as docker

from components.consul.configuration import dynamic_configuration_key
from components.consul.docker_agent import CONSUL_USER, membership
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import secrets_mount
from components.names import node_prefix
from components.runtime_config.args import DYNAMIC_CONFIGURATION_HEALTH, DynamicConfigurationArgs
from components.text import script


class DynamicConfiguration(pulumi.ComponentResource):
    """The document of one service in one region, which running replicas take over within seconds.

    It is healthy while Consul holds exactly this document, and its removal removes the key. An agent of its own writes
    it: Consul's servers take writes from their own machine only, and one of them may be away or replaced.
    """

    key: pulumi.Output[str]
    """Key in Consul; whoever uses it waits until the document is there."""

    def __init__(self, name: str, args: DynamicConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DynamicConfiguration", name, {}, opts)
        region, datacenter, service = args["region"], args["consul"], args["service"]
        key = dynamic_configuration_key(service)
        container = hardened_container(
            f"{name}-document",
            ContainerSpec(
                image=datacenter["image"],
                role="dynamic-configuration",
                labels={**args["labels"], "gostack.region": region["region"], "gostack.service": service},
                memory_mib=128,
                user=CONSUL_USER,
                entrypoint=["/bin/sh", "-c"],
                command=[script("consul/consul-member.sh", "runtime_config/dynamic-configuration.sh")],
                environment={
                    **membership(region, datacenter),
                    "NODE": node_prefix(name),
                    "KEY": key,
                    "DOCUMENT": args["document"],
                },
                volumes=[secrets_mount(datacenter["gossip_volume"])],
                health=HealthCheck(
                    test=["CMD-SHELL", DYNAMIC_CONFIGURATION_HEALTH],
                    wait_seconds=60,
                    start_period_seconds=55,
                ),
                stop_seconds=15,
            ),
            parent=self,
            # The old document is in force until the new one is: services never see the key missing.
            create_first=True,
            networks=[
                docker.ContainerNetworksAdvancedArgs(name=region["network"]),
                docker.ContainerNetworksAdvancedArgs(name=region["backbone_network"]),
            ],
        )
        self.key = container.id.apply(lambda _: key)
        self.register_outputs({"key": self.key})
