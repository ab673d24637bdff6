"""Where services of a region call each other by name: a second Nginx with the ingress's configuration."""

from collections.abc import Mapping, Sequence

import pulumi

from components.consul.args import RegionalArgs
from components.consul.docker_agent import ConsulAgent, ConsulAgentArgs, agent_spec
from components.docker.container import content_digest, hardened_container
from components.docker.pod import Pod
from components.ingress.docker import nginx_spec
from components.names import service_values


class ServiceGatewayArgs(RegionalArgs):
    """Inputs of a gateway."""

    image: pulumi.Input[str]
    """Image of Nginx."""

    releases: pulumi.Input[str]
    """`Ingress.releases` of the region."""

    names: Sequence[str]
    """Names of the services."""

    memory_mib: int
    """Memory limit in MiB."""


class ServiceGateway(pulumi.ComponentResource):
    """Makes `http://orders` work in the region's network: the engine's DNS knows its pod by the name of every service.

    It is a pod of its own because names belong to a container for as long as it lives: with them on the ingress, one
    more service would end every client's connection. Here another name makes a new pod beside the old one, and both are
    known by the old names until it serves. Routes, weights of canaries and certificates change by the releases of the
    ingress, which this Nginx follows.
    """

    addresses: pulumi.Output[Mapping[str, str]]
    """Service to its address."""

    def __init__(self, name: str, args: ServiceGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ServiceGateway", name, {}, opts)
        region = args["region"]
        labels = {**args["labels"], "gostack.region": region["region"], "gostack.service": "ingress"}
        nginx = nginx_spec(args["image"], args["memory_mib"], args["releases"], labels, role="gateway")
        discovery: ConsulAgentArgs = {
            "network_mode": "",
            "node": f"gateway-{region['region']}",
            "region": region,
            "consul": args["consul"],
            "services": [],
            "replaced_with_pod": True,
            "drain_seconds": 0,
            "start_seconds": 60,
            "labels": labels,
        }
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "local_names": args["names"],
                "identity": content_digest(nginx, agent_spec(discovery)),
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        discovery["network_mode"] = pod.network_mode
        agent = ConsulAgent(f"{name}-discovery", discovery, pulumi.ResourceOptions(parent=self))
        server = hardened_container(
            f"{name}-nginx",
            nginx,
            parent=self,
            network_mode=pod.network_mode,
            create_first=True,
            # It answers only when it can find replicas.
            depends_on=[agent],
        )
        self.addresses = server.id.apply(
            lambda _: {service: service_values(service)["address"] for service in args["names"]}
        )
        self.register_outputs({"addresses": self.addresses})
