"""A region in a cluster: a namespace with limits, in which nobody may talk to anybody unless it is said."""

from collections.abc import Mapping, Sequence
from typing import NotRequired

import pulumi
import pulumi_kubernetes as k8s

from components.args import StackArgs
from components.kubernetes.names import EXPIRES_ANNOTATION, JOB, ROLE_LABEL
from components.kubernetes.network import networks, tcp_and_udp
from components.kubernetes.pod import cores
from components.kubernetes.resources import Demand
from components.names import namespace_name
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
        rules: list[pulumi.CustomResource] = [
            self._quota(f"{name}-quota", args.get("quota", _USUAL_QUOTA), labels),
            self._usual_limits(f"{name}-limits", labels),
            self._deny_everything(f"{name}-deny", labels),
            self._allow_names(f"{name}-names", labels),
            self._allow_gossip(f"{name}-gossip", labels),
        ]
        if registries := args.get("image_registries"):
            space = namespace_name(prefix, args["region"])
            rules += image_admission(f"{name}-images", space, registries, labels, self)
        ready = pulumi.Output.all(self.network, *(rule.id for rule in rules)).apply(lambda parts: str(parts[0]))
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

    def _quota(self, name: str, quota: Demand, labels: Mapping[str, str]) -> k8s.core.v1.ResourceQuota:
        return k8s.core.v1.ResourceQuota(
            name,
            metadata=self._metadata(name, labels),
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
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _usual_limits(self, name: str, labels: Mapping[str, str]) -> k8s.core.v1.LimitRange:
        """For a pod that somebody starts by hand: those of the stack say what they need."""
        return k8s.core.v1.LimitRange(
            name,
            metadata=self._metadata(name, labels),
            spec=k8s.core.v1.LimitRangeSpecArgs(
                limits=[
                    k8s.core.v1.LimitRangeItemArgs(
                        type="Container",
                        default_request={"cpu": "250m", "memory": "256Mi"},
                        default={"cpu": "500m", "memory": "512Mi"},
                    )
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _deny_everything(self, name: str, labels: Mapping[str, str]) -> k8s.networking.v1.NetworkPolicy:
        return k8s.networking.v1.NetworkPolicy(
            name,
            metadata=self._metadata(name, labels),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _allow_names(self, name: str, labels: Mapping[str, str]) -> k8s.networking.v1.NetworkPolicy:
        """Let every pod ask the cluster's resolver."""
        return k8s.networking.v1.NetworkPolicy(
            name,
            metadata=self._metadata(name, labels),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(),
                policy_types=["Egress"],
                egress=[
                    k8s.networking.v1.NetworkPolicyEgressRuleArgs(
                        to=[
                            k8s.networking.v1.NetworkPolicyPeerArgs(
                                namespace_selector=k8s.meta.v1.LabelSelectorArgs(
                                    match_labels={"kubernetes.io/metadata.name": "kube-system"}
                                )
                            ),
                            # Resolvers that run on the node itself have an address of this kind.
                            *networks("169.254.0.0/16"),
                        ],
                        ports=tcp_and_udp(53),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _allow_gossip(self, name: str, labels: Mapping[str, str]) -> k8s.networking.v1.NetworkPolicy:
        """Let the Consul agents of the region tell each other who lives; jobs have none."""
        agents = k8s.meta.v1.LabelSelectorArgs(
            match_expressions=[
                k8s.meta.v1.LabelSelectorRequirementArgs(key=ROLE_LABEL, operator="Exists"),
                k8s.meta.v1.LabelSelectorRequirementArgs(key=ROLE_LABEL, operator="NotIn", values=[JOB]),
            ]
        )
        peers = [k8s.networking.v1.NetworkPolicyPeerArgs(pod_selector=agents)]
        ports = tcp_and_udp(GOSSIP_PORT)
        return k8s.networking.v1.NetworkPolicy(
            name,
            metadata=self._metadata(name, labels),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=agents,
                policy_types=["Ingress", "Egress"],
                ingress=[k8s.networking.v1.NetworkPolicyIngressRuleArgs(from_=peers, ports=ports)],
                egress=[k8s.networking.v1.NetworkPolicyEgressRuleArgs(to=peers, ports=ports)],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _metadata(self, name: str, labels: Mapping[str, str]) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=self.network, labels=dict(labels))


def _pod_security() -> dict[str, str]:
    """Labels that refuse every pod beyond the standard `restricted`, and warn of it."""
    return {f"{_SECURITY}/{mode}": "restricted" for mode in ("enforce", "audit", "warn")} | {
        f"{_SECURITY}/{mode}-version": "latest" for mode in ("enforce", "audit", "warn")
    }
