"""A region's Consul datacenter: it knows which instances live, and tells the other regions' datacenters."""

import pulumi
import pulumi_kubernetes as k8s

from components.consul.args import ConsulDatacenterArgs, ConsulReference
from components.consul.configuration import POD_ADDRESS, server_configuration
from components.consul.kubernetes_agent import CONSUL_GROUP, CONSUL_USER, GOSSIP_VARIABLE, SERVER_PORT, agent_secret
from components.consul.probes import CONSUL_SERVER_HEALTH
from components.demands import CONSUL_SERVER as CONSUL_SERVER_RESOURCES
from components.demands import CONSUL_STORAGE_GIB
from components.kubernetes.names import (
    APPLICATION,
    CONSUL_SERVER,
    DYNAMIC_CONFIGURATION,
    MYSQL,
    NGINX,
    selector,
    service_host,
    workload_labels,
)
from components.kubernetes.network import EgressRule, IngressRule, network_policy, pods_of_stack, tcp, tcp_and_udp
from components.kubernetes.pod import ContainerSpec, Probes, memory_volume, shell_probe, tcp_probe
from components.kubernetes.pod_template import pod_template
from components.kubernetes.scope import NOT_AWAITED, Scope, timeout_annotation
from components.kubernetes.storage import claim_template
from components.kubernetes.workload import disruption_budget, service_account
from components.options import after
from components.region.args import namespace_of
from components.text import script

HTTP_PORT = 8500
WAN_PORT = 8302


class ConsulDatacenter(pulumi.ComponentResource):
    """One or three Consul servers with names that stay and disks of their own.

    An update replaces them one after the other: the next one only when the last one has found the leader.
    """

    http_url: pulumi.Output[str]
    """URL of the HTTP interface and the UI, inside the cluster."""

    reference: ConsulReference
    """The datacenter as agents take it; whoever uses it waits for the servers."""

    def __init__(self, name: str, args: ConsulDatacenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ConsulDatacenter", name, {}, opts)
        region = args["region"]
        labels = workload_labels(args["labels"], region=region["region"], service="consul", role=CONSUL_SERVER)
        addresses = server_hosts(name, args["servers"], namespace_of(region))
        others = [
            host
            for other in args["other_regions"]
            for host in server_hosts(
                name.removesuffix(region["region"]) + other, args["servers"], namespace_of(region, other)
            )
        ]
        scope = Scope(region["network"], labels, self)
        datacenter: ConsulReference = {
            "datacenter": region["region"],
            "server_addresses": addresses,
            "gossip_key": args["gossip_key"],
            "gossip_volume": "",
            "image": args["image"],
        }
        account = service_account(scope, f"{name}-account")
        service = _service(scope, name)
        budget = disruption_budget(scope, f"{name}-budget")
        policy = _network_policy(scope, f"{name}-paths")
        gossip = agent_secret(scope, name, datacenter)
        servers = k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata=scope.metadata(name, timeout_annotation(300)),
            spec=k8s.apps.v1.StatefulSetSpecArgs(
                service_name=name,
                replicas=args["servers"],
                # All at once at first, because each waits for the others; an update takes them one by one.
                pod_management_policy="Parallel",
                update_strategy=k8s.apps.v1.StatefulSetUpdateStrategyArgs(type="RollingUpdate"),
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(labels)),
                persistent_volume_claim_retention_policy=k8s.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                    # What Consul knows, the agents tell again: nothing is lost with the disks.
                    when_deleted="Delete",
                    when_scaled="Retain",
                ),
                volume_claim_templates=[
                    claim_template("data", CONSUL_STORAGE_GIB, region.get("storage_class"), labels)
                ],
                template=pod_template(
                    labels,
                    account,
                    CONSUL_GROUP,
                    containers=[_server(args, addresses, others, gossip)],
                    volumes=[memory_volume("files", 16)],
                    anti_affinity_to=selector(labels),
                    stop_seconds=30,
                ),
            ),
            opts=scope.options(service, budget, policy),
        )
        namespace = namespace_of(region)
        self.http_url = servers.id.apply(lambda _: f"http://{service_host(name, namespace)}:{HTTP_PORT}")
        gossip_key = pulumi.Output.secret(after(args["gossip_key"], servers.id))
        self.reference = {**datacenter, "gossip_key": gossip_key}
        self.register_outputs({"http_url": self.http_url})


def _service(scope: Scope, name: str) -> k8s.core.v1.Service:
    return k8s.core.v1.Service(
        f"{name}-service",
        # Servers must find each other before any of them is ready, and none is while it has not.
        metadata=scope.metadata(name, NOT_AWAITED),
        spec=k8s.core.v1.ServiceSpecArgs(
            cluster_ip="None",
            publish_not_ready_addresses=True,
            selector=selector(scope.labels),
            ports=[
                k8s.core.v1.ServicePortArgs(name="rpc", port=SERVER_PORT, protocol="TCP"),
                k8s.core.v1.ServicePortArgs(name="http", port=HTTP_PORT, protocol="TCP"),
            ],
        ),
        opts=scope.options(),
    )


def _network_policy(scope: Scope, name: str) -> k8s.networking.v1.NetworkPolicy:
    servers = pods_of_stack(scope.stack, CONSUL_SERVER)
    agents = pods_of_stack(scope.stack, APPLICATION, NGINX, MYSQL, DYNAMIC_CONFIGURATION)
    return network_policy(
        scope,
        name,
        incoming=[
            IngressRule(from_=[*servers, *agents], ports=tcp(SERVER_PORT)),
            IngressRule(from_=servers, ports=tcp_and_udp(WAN_PORT)),
        ],
        outgoing=[EgressRule(to=servers, ports=[*tcp(SERVER_PORT), *tcp_and_udp(WAN_PORT)])],
    )


def server_hosts(name: str, servers: int, namespace: str) -> list[str]:
    """Return the host names of a datacenter's servers, which stay when their pods go."""
    return [f"{name}-{index}.{service_host(name, namespace)}" for index in range(servers)]


def _server(
    args: ConsulDatacenterArgs, addresses: list[str], others: list[str], gossip: pulumi.Input[str]
) -> ContainerSpec:
    return ContainerSpec(
        name="consul",
        image=args["image"],
        user=CONSUL_USER,
        group=CONSUL_GROUP,
        resources=CONSUL_SERVER_RESOURCES,
        command=["/bin/sh", "-c", script("consul/consul-member.sh", "consul/consul-server.sh")],
        environment={
            "AGENT_CONFIGURATION": server_configuration(
                datacenter=args["region"]["region"],
                lan_address=POD_ADDRESS,
                wan_address=POD_ADDRESS,
                server_addresses=addresses,
                wan_join=others,
                # Nobody but the server's own pod, into which one comes with `kubectl port-forward`.
                writers=[],
            )
        },
        from_fields={"NODE": "metadata.name"},
        secret=gossip,
        secret_variables=[GOSSIP_VARIABLE],
        ports={"rpc": SERVER_PORT, "http": HTTP_PORT},
        mounts={"/tmp": "files", "/consul/data": "data"},
        probes=Probes(
            startup=shell_probe(CONSUL_SERVER_HEALTH, period=2, failures=60),
            readiness=shell_probe(CONSUL_SERVER_HEALTH, period=5, failures=3),
            # Only whether it listens: without a quorum a restart would help nobody.
            liveness=tcp_probe(SERVER_PORT, period=10, failures=6),
        ),
    )
