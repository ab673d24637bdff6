"""A region's Consul datacenter: it knows which instances live, and tells the other regions' datacenters."""

import pulumi
import pulumi_docker as docker

from components.consul.args import ConsulDatacenterArgs, ConsulReference
from components.consul.configuration import address_in, gossip_configuration, server_configuration
from components.consul.docker_agent import CONSUL_USER
from components.consul.probes import CONSUL_SERVER_HEALTH
from components.docker.addresses import consul_server_addresses, gateway
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import secrets_mount, secrets_volume
from components.docker.volumes import volume_labels
from components.options import after
from components.text import script


class DockerConsulDatacenterArgs(ConsulDatacenterArgs):
    """Inputs of a datacenter on Docker."""

    bind_address: str
    """Address of this machine on which the HTTP interface listens."""

    http_port: int
    """Port of this machine for the HTTP interface and the UI."""


class ConsulDatacenter(pulumi.ComponentResource):
    """One or three Consul servers with fixed addresses and data of their own."""

    http_url: pulumi.Output[str]
    """URL of the HTTP interface and the UI on this machine."""

    reference: ConsulReference
    """The datacenter as agents take it; whoever uses it waits for the servers."""

    def __init__(self, name: str, args: DockerConsulDatacenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ConsulDatacenter", name, {}, opts)
        addresses = consul_server_addresses(args["region"]["cidr"], args["servers"])
        # One for all servers and agents of the region.
        key = {"GOSSIP_CONFIGURATION": pulumi.Output.secret(args["gossip_key"]).apply(gossip_configuration)}
        gossip = secrets_volume(name, key, image=args["image"], labels=_labels(args), parent=self)
        servers: list[docker.Container] = []
        for index in range(args["servers"]):
            # One after the other: a change of all servers at once would lose the quorum.
            servers.append(self._server(f"{name}-server-{index}", index, addresses, args, gossip, servers[-1:]))
        self.http_url = servers[0].id.apply(lambda _: f"http://{args['bind_address']}:{args['http_port']}")
        self.reference = {
            "datacenter": args["region"]["region"],
            "server_addresses": addresses,
            "gossip_key": "",
            "gossip_volume": after(gossip, *(server.id for server in servers)),
            "image": args["image"],
        }
        self.register_outputs({"http_url": self.http_url})

    def _server(
        self,
        name: str,
        index: int,
        addresses: list[str],
        args: DockerConsulDatacenterArgs,
        gossip: pulumi.Input[str],
        after: list[docker.Container],
    ) -> docker.Container:
        region = args["region"]
        labels = _labels(args)
        data = docker.Volume(
            f"{name}-data",
            driver="local",
            labels=volume_labels(labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
        own_name = server_host_name(region["region"], index)
        return hardened_container(
            name,
            ContainerSpec(
                image=args["image"],
                role="consul-server",
                labels=labels,
                memory_mib=256,
                # Servers that get no time in a second elect a leader anew; until there is one, every agent asks again
                # and again, which leaves them less.
                cpu_shares=8192,
                user=CONSUL_USER,
                entrypoint=["/bin/sh", "-c"],
                command=[script("consul/consul-member.sh", "consul/consul-server.sh")],
                environment={
                    "AGENT_CONFIGURATION": server_configuration(
                        datacenter=region["region"],
                        lan_address=address_in(region["cidr"]),
                        wan_address=address_in(region["backbone_cidr"]),
                        server_addresses=addresses,
                        wan_join=[
                            server_host_name(other, server)
                            for other in args["other_regions"]
                            for server in range(args["servers"])
                        ],
                        # The engine forwards the published port from one of them: from which depends on their names.
                        writers=[f"{gateway(cidr)}/32" for cidr in (region["cidr"], region["backbone_cidr"])],
                    ),
                    "NODE": own_name,
                },
                volumes=[
                    docker.ContainerVolumeArgs(volume_name=data.name, container_path="/consul/data"),
                    secrets_mount(gossip),
                ],
                health=HealthCheck(test=["CMD-SHELL", CONSUL_SERVER_HEALTH], wait_seconds=60, start_period_seconds=30),
                stop_signal="SIGINT",
            ),
            parent=self,
            create_first=False,
            networks=[
                docker.ContainerNetworksAdvancedArgs(name=region["network"], ipv4_address=addresses[index]),
                docker.ContainerNetworksAdvancedArgs(name=region["backbone_network"], aliases=[own_name]),
            ],
            ports=[
                docker.ContainerPortArgs(
                    internal=8500, external=args["http_port"], ip=args["bind_address"], protocol="tcp"
                )
            ]
            if index == 0
            else (),
            depends_on=after,
        )


def _labels(args: DockerConsulDatacenterArgs) -> dict[str, str]:
    return {**args["labels"], "gostack.region": args["region"]["region"], "gostack.service": "consul"}


def server_host_name(region: str, index: int) -> str:
    """Return the name under which the backbone knows a server."""
    return f"consul-{region}-{index}"
