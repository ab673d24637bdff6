"""What a service may be told while it runs: a document in its region's Consul datacenter."""

import pulumi
import pulumi_kubernetes as k8s

from components.args import DynamicConfigurationArgs
from components.kubernetes.consul_agent import (
    CONSUL_GROUP,
    CONSUL_USER,
    GOSSIP_VARIABLE,
    NODE_PREFIX,
    gossip_secret,
    membership,
    to_servers,
)
from components.kubernetes.names import DYNAMIC_CONFIGURATION, STACK_LABEL, selector, workload_labels
from components.kubernetes.network import allow
from components.kubernetes.pod import (
    ContainerSpec,
    Probes,
    Resources,
    container,
    memory_volume,
    pod_security,
    shell_probe,
    sleep_before_stop,
)
from components.kubernetes.workload import metadata, patience, sealed, service_account
from components.options import given_dependencies
from components.rendering import consul
from components.rendering.scripts import DYNAMIC_CONFIGURATION_HEALTH, script

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
        key = consul.dynamic_configuration_key(service)
        secret = sealed(
            f"{name}-secret", region, labels, {GOSSIP_VARIABLE: gossip_secret(args["consul"]["gossip_key"])}, self
        )
        account = service_account(f"{name}-account", region, labels, self)
        paths = allow(
            f"{name}-paths",
            region,
            labels,
            parent=self,
            outgoing=[to_servers(args["labels"].get(STACK_LABEL, "gostack"))],
        )
        writer = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata(name, region, labels, patience(180)),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(labels)),
                # The old document is in force until the new one is: services never see the key missing.
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=1),
                ),
                progress_deadline_seconds=150,
                revision_history_limit=3,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels),
                    spec=k8s.core.v1.PodSpecArgs(
                        service_account_name=account.metadata.apply(lambda found: str(found.name)),
                        automount_service_account_token=False,
                        enable_service_links=False,
                        security_context=pod_security(CONSUL_GROUP),
                        termination_grace_period_seconds=OVERLAP_SECONDS + 20,
                        containers=[_writer(args, key, secret)],
                        volumes=[memory_volume("files", 64)],
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[paths, *given_dependencies(opts)]),
        )
        self.key = writer.id.apply(lambda _: key)
        self.register_outputs({"key": self.key})


def _writer(args: DynamicConfigurationArgs, key: str, secret: pulumi.Input[str]) -> k8s.core.v1.ContainerArgs:
    return container(
        ContainerSpec(
            name="writer",
            image=args["consul"]["image"],
            user=CONSUL_USER,
            group=CONSUL_GROUP,
            resources=Resources(cpu_request=0.025, memory_request_mib=64, cpu_limit=0.5, memory_limit_mib=128),
            command=["/bin/sh", "-c", script("dynamic-configuration")],
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
                liveness=shell_probe(
                    "wget -q -O - http://127.0.0.1:8500/v1/agent/self > /dev/null", period=30, failures=6
                ),
            ),
            pre_stop=sleep_before_stop(OVERLAP_SECONDS),
        )
    )
