"""One address for whichever member of a group is the primary, for programs that know a host and a port alone."""

from collections.abc import Sequence

import pulumi

from components.consul.args import RegionalArgs
from components.consul.check import Check
from components.consul.docker_agent import ConsulAgent, ConsulAgentArgs, agent_spec
from components.consul.instances import ServiceInstance
from components.docker.container import ContainerSpec, content_digest, hardened_container
from components.docker.pod import Pod
from components.mysql.configuration import PORT, PROXY, PROXY_HOST

_STATUS_PORT = 3307


class MySqlProxyArgs(RegionalArgs):
    """Inputs of a proxy."""

    datacenters: Sequence[str]
    """Datacenters in which a member registers itself while it is the primary."""

    image: pulumi.Input[str]
    """Image that was built from `PROXY_SOURCE`."""

    max_connections: int
    """Connections that a member accepts; the memory limit follows from it."""


class MySqlProxy(pulumi.ComponentResource):
    """Leads new connections to the member that is the primary by Consul, and ends those to the one before.

    While Consul is away it keeps to the last primary; while there is none it refuses. A new proxy is healthy, which
    means that it knows the primary, before the old one goes.
    """

    address: pulumi.Output[str]
    """Host and port, the same in every region's network; whoever uses it must wait for the proxy by `depends_on`."""

    def __init__(self, name: str, args: MySqlProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlProxy", name, {}, opts)
        region = args["region"]
        labels = {**args["labels"], "gostack.region": region["region"], "gostack.service": PROXY}
        program = ContainerSpec(
            image=args["image"],
            role="proxy",
            labels=labels,
            # A quarter of a MiB is two goroutines and four full buffers of the kernel.
            memory_mib=32 + args["max_connections"] // 4,
            environment={"DATACENTERS": " ".join(args["datacenters"])},
            stop_seconds=2,
        )
        registration: ConsulAgentArgs = {
            "network_mode": "",
            "node": name,
            "region": region,
            "consul": args["consul"],
            # Not the port of MySQL, where each check would be a connection to the primary.
            "services": [ServiceInstance(PROXY, _STATUS_PORT, Check(path="/"))],
            "drain_seconds": 0,
            # The members have just come up, and agree on the primary.
            "start_seconds": 120,
            "replaced_with_pod": True,
            "labels": labels,
        }
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "local_names": [PROXY_HOST],
                "identity": content_digest(program, agent_spec(registration)),
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        container = hardened_container(
            f"{name}-program", program, parent=self, network_mode=pod.network_mode, create_first=True
        )
        registration["network_mode"] = pod.network_mode
        ConsulAgent(f"{name}-registration", registration, pulumi.ResourceOptions(parent=self, depends_on=[container]))
        # No output of a container: a preview of another proxy would show every service replaced.
        self.address = pulumi.Output.from_input(f"{PROXY_HOST}:{PORT}")
        self.register_outputs({"address": self.address})
