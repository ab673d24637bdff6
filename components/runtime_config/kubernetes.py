"""The document in its region's Consul datacenter that a service reads while it runs, on Kubernetes."""

import pulumi

from components.consul.configuration import dynamic_configuration_key
from components.consul.kubernetes_agent import (
    CONSUL_GROUP,
    CONSUL_USER,
    GOSSIP_VARIABLE,
    NODE_PREFIX,
    agent_secret,
    membership,
    to_servers,
)
from components.consul.probes import AGENT_ANSWERS
from components.demands import CONSUL_AGENT
from components.kubernetes.names import DYNAMIC_CONFIGURATION, workload_labels
from components.kubernetes.network import network_policy
from components.kubernetes.pod import ContainerSpec, Probes, memory_volume, shell_probe, sleep_before_stop
from components.kubernetes.pod_template import pod_template
from components.kubernetes.rollout import rolling_deployment
from components.kubernetes.scope import Scope
from components.kubernetes.workload import service_account
from components.options import given_dependencies
from components.runtime_config.args import DYNAMIC_CONFIGURATION_HEALTH, DynamicConfigurationArgs
from components.text import script

OVERLAP_SECONDS = 15
"""Time in seconds for which a pod that goes keeps its document, so that the one in its place writes it meanwhile."""


class DynamicConfiguration(pulumi.ComponentResource):
    """The document of one service in one region, which running replicas take over within seconds.

    Its pod is ready while Consul holds exactly this document, and its end removes the key, unless another pod has
    written it. An agent of its own writes it: Consul's servers take writes from their own pods only.
    """

    key: pulumi.Output[str]
    """Key in Consul; whoever uses it waits until the document is there."""

    def __init__(self, name: str, args: DynamicConfigurationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DynamicConfiguration", name, {}, opts)
        region, service = args["region"], args["service"]
        labels = workload_labels(args["labels"], region=region["region"], service=service, role=DYNAMIC_CONFIGURATION)
        key = dynamic_configuration_key(service)
        scope = Scope(region["network"], labels, self)
        secret = agent_secret(scope, name, args["consul"])
        account = service_account(scope, f"{name}-account")
        policy = network_policy(scope, f"{name}-paths", outgoing=[to_servers(scope.stack)])
        template = pod_template(
            labels,
            account,
            CONSUL_GROUP,
            containers=[_writer(args, key, secret)],
            volumes=[memory_volume("files", 64)],
            stop_seconds=OVERLAP_SECONDS + 20,
        )
        # The old document is in force until the new one is: services never see the key missing.
        writer = rolling_deployment(
            scope,
            name,
            template,
            depends_on=[policy, *given_dependencies(opts)],
            replicas=1,
            progress_seconds=150,
            timeout_seconds=180,
        )
        self.key = writer.id.apply(lambda _: key)
        self.register_outputs({"key": self.key})


def _writer(args: DynamicConfigurationArgs, key: str, secret: pulumi.Input[str]) -> ContainerSpec:
    return ContainerSpec(
        name="writer",
        image=args["consul"]["image"],
        user=CONSUL_USER,
        group=CONSUL_GROUP,
        resources=CONSUL_AGENT,
        command=["/bin/sh", "-c", script("consul/consul-member.sh", "runtime_config/dynamic-configuration.sh")],
        environment={
            **membership(args["consul"]),
            "NODE": NODE_PREFIX,
            "KEY": key,
            "DOCUMENT": args["document"],
        },
        secret=secret,
        secret_variables=[GOSSIP_VARIABLE],
        mounts={"/tmp": "files"},
        probes=Probes(
            startup=shell_probe("test -e /tmp/document", period=1, failures=30),
            readiness=shell_probe(DYNAMIC_CONFIGURATION_HEALTH, period=5, failures=6),
            liveness=shell_probe(AGENT_ANSWERS, period=30, failures=6),
        ),
        pre_stop=sleep_before_stop(OVERLAP_SECONDS),
    )
