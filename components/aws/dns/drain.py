"""The time between the end of a region's name and the end of the region: resolvers remember for a while."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from components.demands import DNS_DRAIN
from components.kubernetes.pod import cores
from components.options import after, given_dependencies

ENTRIES_LIVE_SECONDS = 60
"""For how long a resolver may keep an alias to a network load balancer; AWS sets it."""


class DnsDrainArgs(TypedDict):
    """Inputs of a drain."""

    namespace: pulumi.Input[str]
    """Namespace in the cluster."""

    image: pulumi.Input[str]
    """Image of a process that does nothing until it is told to stop."""

    seconds: int
    """Time in seconds that it takes to delete it; longer than `ENTRIES_LIVE_SECONDS`."""

    address: pulumi.Input[str]
    """Host name of the region's load balancer."""

    labels: Mapping[str, str]
    """Labels of the objects in the cluster."""


class DnsDrain(pulumi.ComponentResource):
    """A pod that takes its time to go, and does nothing else.

    Records are made from `address` and so depend on it; it depends on the ingress. Pulumi deletes dependents first: the
    record, then this, then the ingress. Kubernetes itself waits while the pod goes, whoever deletes it and from
    wherever, so that no script has to be running for the order to hold.
    """

    address: pulumi.Output[str]
    """Host name of the load balancer, for records that must end before the region does."""

    def __init__(self, name: str, args: DnsDrainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:DnsDrain", name, {}, opts)
        if args["seconds"] <= ENTRIES_LIVE_SECONDS:
            raise ValueError(f"a drain of {args['seconds']} s is over before the entries are: use more than 60.")
        labels = {**args["labels"], "app.kubernetes.io/name": "dns-drain"}
        selector = {"app.kubernetes.io/name": "dns-drain"}
        holder = kubernetes.apps.v1.Deployment(
            f"{name}-holder",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(namespace=args["namespace"], labels=labels),
            spec=kubernetes.apps.v1.DeploymentSpecArgs(
                replicas=1,
                # A second one beside it would only take longer.
                strategy=kubernetes.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=selector),
                template=kubernetes.core.v1.PodTemplateSpecArgs(
                    metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels), spec=_pod(args)
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=given_dependencies(opts),
                custom_timeouts=pulumi.CustomTimeouts(delete=f"{args['seconds'] * 2 + 120}s"),
            ),
        )
        self.address = after(args["address"], holder.id)
        self.register_outputs({"address": self.address})


def _pod(args: DnsDrainArgs) -> kubernetes.core.v1.PodSpecArgs:
    return kubernetes.core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=args["seconds"] + 30,
        security_context=kubernetes.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=65532,
            seccomp_profile=kubernetes.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[
            kubernetes.core.v1.ContainerArgs(
                name="holder",
                image=args["image"],
                # The kubelet sleeps: the image needs no shell.
                lifecycle=kubernetes.core.v1.LifecycleArgs(
                    pre_stop=kubernetes.core.v1.LifecycleHandlerArgs(
                        sleep=kubernetes.core.v1.SleepActionArgs(seconds=args["seconds"])
                    )
                ),
                resources=kubernetes.core.v1.ResourceRequirementsArgs(
                    requests={"cpu": cores(DNS_DRAIN.cpu_request), "memory": f"{DNS_DRAIN.memory_request_mib}Mi"},
                    limits={"cpu": cores(DNS_DRAIN.cpu_limit), "memory": f"{DNS_DRAIN.memory_limit_mib}Mi"},
                ),
                security_context=kubernetes.core.v1.SecurityContextArgs(
                    allow_privilege_escalation=False,
                    read_only_root_filesystem=True,
                    capabilities=kubernetes.core.v1.CapabilitiesArgs(drop=["ALL"]),
                ),
            )
        ],
    )
