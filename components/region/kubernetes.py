"""A region in a cluster: a namespace with limits, in which nobody may talk to anybody unless it is said."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_kubernetes as k8s

from components.args import StackArgs
from components.kubernetes.names import EXPIRES_ANNOTATION, JOB, ROLE_LABEL
from components.kubernetes.network import EgressRule, IngressRule, Peer, network_policy, networks, tcp_and_udp
from components.kubernetes.pod import cores
from components.kubernetes.resources import Demand
from components.kubernetes.scope import Scope
from components.names import namespace_name
from components.options import after
from components.region.args import RegionReference
from components.region.image_admission import image_admission

GOSSIP_PORT = 8301

_USUAL_QUOTA = Demand(
    cpu_requests=8,
    cpu_limits=16,
    memory_requests_mib=16 * 1024,
    memory_limits_mib=32 * 1024,
    pods=80,
    storage_gib=200,
)
_SECURITY = "pod-security.kubernetes.io"


class RegionArgs(StackArgs):
    """Inputs of a region."""

    region: str
    """Name of the region."""

    namespace: NotRequired[str]
    """First part of the name of the region's namespace, `<namespace>-<region>`; "gostack" when it is not given."""

    quota: NotRequired[Demand]
    """The most that the region's pods may ask for together."""

    storage_class: NotRequired[str]
    """Storage class of the disks that name none; the cluster's default when it is not given."""

    image_registries: NotRequired[Sequence[str]]
    """Registries from which pods may have their images, by digest; any, and any name, when it is not given."""

    expires: NotRequired[str]
    """Time in UTC after which the namespace may be removed with all that is in it, like "2026-11-30T12:00:00Z"; kept
    in an annotation, which outlives the stack."""


class Region(pulumi.ComponentResource):
    """A failure domain: its namespace holds everything that runs there."""

    network: pulumi.Output[str]
    """Name of the namespace."""

    reference: RegionReference
    """The region as the other components take it; whoever uses it waits for the namespace and its rules."""

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Region", name, {}, opts)
        prefix = args.get("namespace", "gostack")
        labels = {**args["labels"], "gostack.region": args["region"], "app.kubernetes.io/managed-by": "pulumi"}
        expires = args.get("expires")
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=namespace_name(prefix, args["region"]),
                labels={**labels, **_pod_security()},
                annotations={EXPIRES_ANNOTATION: expires} if expires is not None else None,
            ),
            # The disks are in it: `pulumi destroy` takes away all else and lets go of it, as Docker keeps its volumes.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.network = namespace.metadata.apply(lambda metadata: str(metadata.name))
        scope = Scope(self.network, labels, self)
        rules: list[pulumi.CustomResource] = [
            _quota(scope, f"{name}-quota", args.get("quota", _USUAL_QUOTA)),
            _usual_limits(scope, f"{name}-limits"),
            _deny_everything(scope, f"{name}-deny"),
            _allow_names(scope, f"{name}-names"),
            _allow_gossip(scope, f"{name}-gossip"),
        ]
        if registries := args.get("image_registries"):
            space = namespace_name(prefix, args["region"])
            rules += image_admission(f"{name}-images", space, registries, labels, self)
        ready = after(self.network, *(rule.id for rule in rules))
        self.reference = {
            "region": args["region"],
            "cidr": "",
            "network": ready,
            "backbone_cidr": "",
            "backbone_network": "",
            "pause_image": "",
            "namespace": prefix,
        }
        if "storage_class" in args:
            self.reference["storage_class"] = args["storage_class"]
        self.register_outputs({"network": self.network})


def _quota(scope: Scope, name: str, quota: Demand) -> k8s.core.v1.ResourceQuota:
    return k8s.core.v1.ResourceQuota(
        name,
        metadata=scope.metadata(name),
        spec=k8s.core.v1.ResourceQuotaSpecArgs(
            hard={
                "requests.cpu": cores(quota.cpu_requests),
                "requests.memory": f"{quota.memory_requests_mib}Mi",
                "limits.cpu": cores(quota.cpu_limits),
                "limits.memory": f"{quota.memory_limits_mib}Mi",
                "requests.storage": f"{quota.storage_gib}Gi",
                "pods": str(quota.pods),
                "services.loadbalancers": "1",
            }
        ),
        opts=scope.options(),
    )


def _usual_limits(scope: Scope, name: str) -> k8s.core.v1.LimitRange:
    """For a pod that somebody starts by hand: those of the stack say what they need."""
    return k8s.core.v1.LimitRange(
        name,
        metadata=scope.metadata(name),
        spec=k8s.core.v1.LimitRangeSpecArgs(
            limits=[
                k8s.core.v1.LimitRangeItemArgs(
                    type="Container",
                    default_request={"cpu": "250m", "memory": "256Mi"},
                    default={"cpu": "500m", "memory": "512Mi"},
                )
            ]
        ),
        opts=scope.options(),
    )


def _deny_everything(scope: Scope, name: str) -> k8s.networking.v1.NetworkPolicy:
    return k8s.networking.v1.NetworkPolicy(
        name,
        metadata=scope.metadata(name),
        spec=k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
        ),
        opts=scope.options(),
    )


def _allow_names(scope: Scope, name: str) -> k8s.networking.v1.NetworkPolicy:
    """Let every pod ask the cluster's resolver."""
    system = k8s.meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": "kube-system"})
    # Resolvers that run on the node itself have an address of the second kind.
    resolvers = [Peer(namespace_selector=system), *networks("169.254.0.0/16")]
    every_pod = k8s.meta.v1.LabelSelectorArgs()
    return network_policy(scope, name, pods=every_pod, outgoing=[EgressRule(to=resolvers, ports=tcp_and_udp(53))])


def _allow_gossip(scope: Scope, name: str) -> k8s.networking.v1.NetworkPolicy:
    """Let the Consul agents of the region tell each other who lives; jobs have none."""
    agents = k8s.meta.v1.LabelSelectorArgs(
        match_expressions=[
            k8s.meta.v1.LabelSelectorRequirementArgs(key=ROLE_LABEL, operator="Exists"),
            k8s.meta.v1.LabelSelectorRequirementArgs(key=ROLE_LABEL, operator="NotIn", values=[JOB]),
        ]
    )
    peers, ports = [Peer(pod_selector=agents)], tcp_and_udp(GOSSIP_PORT)
    return network_policy(
        scope,
        name,
        pods=agents,
        incoming=[IngressRule(from_=peers, ports=ports)],
        outgoing=[EgressRule(to=peers, ports=ports)],
    )


def _pod_security() -> dict[str, str]:
    """Labels that refuse every pod beyond the standard `restricted`, and warn of it."""
    return {f"{_SECURITY}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")} | {
        f"{_SECURITY}/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")
    }
