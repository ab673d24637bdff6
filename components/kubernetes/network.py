"""Who may talk to whom: everything is denied, and each part of a stack opens its own few paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import ROLE_LABEL, STACK_LABEL, selector

Peer = k8s.networking.v1.NetworkPolicyPeerArgs
Port = k8s.networking.v1.NetworkPolicyPortArgs
IngressRule = k8s.networking.v1.NetworkPolicyIngressRuleArgs
EgressRule = k8s.networking.v1.NetworkPolicyEgressRuleArgs


def network_policy(
    name: str,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    *,
    parent: pulumi.Resource,
    incoming: Sequence[IngressRule] = (),
    outgoing: Sequence[EgressRule] = (),
) -> k8s.networking.v1.NetworkPolicy:
    """Open paths to and from the pods that carry a workload's labels; a direction without rules stays closed."""
    return k8s.networking.v1.NetworkPolicy(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=dict(labels)),
        spec=k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(labels)),
            policy_types=[
                *(["Ingress"] if incoming else []),
                *(["Egress"] if outgoing else []),
            ],
            ingress=list(incoming) or None,
            egress=list(outgoing) or None,
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def pods_of_stack(stack: str, *roles: str) -> list[Peer]:
    """Return the pods with one of these roles in every namespace of the stack."""
    return [
        Peer(
            namespace_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={STACK_LABEL: stack}),
            pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={ROLE_LABEL: role}),
        )
        for role in roles
    ]


def networks(*cidrs: pulumi.Input[str]) -> list[Peer]:
    """Return networks in CIDR notation."""
    return [Peer(ip_block=k8s.networking.v1.IPBlockArgs(cidr=cidr)) for cidr in cidrs]


def tcp(*ports: int) -> list[Port]:
    """Return TCP ports."""
    return [Port(protocol="TCP", port=port) for port in ports]


def tcp_and_udp(*ports: int) -> list[Port]:
    """Return ports of both protocols."""
    return [Port(protocol=protocol, port=port) for port in ports for protocol in ("TCP", "UDP")]
