"""Who may talk to whom: everything is denied, and each part of a stack opens its own few paths."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import ROLE_LABEL, STACK_LABEL, selector
from components.kubernetes.scope import Scope

Peer = k8s.networking.v1.NetworkPolicyPeerArgs
Port = k8s.networking.v1.NetworkPolicyPortArgs
IngressRule = k8s.networking.v1.NetworkPolicyIngressRuleArgs
EgressRule = k8s.networking.v1.NetworkPolicyEgressRuleArgs


def network_policy(
    scope: Scope,
    name: str,
    *,
    incoming: Sequence[IngressRule] = (),
    outgoing: Sequence[EgressRule] = (),
    pods: k8s.meta.v1.LabelSelectorArgs | None = None,
) -> k8s.networking.v1.NetworkPolicy:
    """Open paths to and from `pods`, by default those that carry the workload's labels; a direction without rules stays
    closed."""
    own = k8s.meta.v1.LabelSelectorArgs(match_labels=selector(scope.labels))
    return k8s.networking.v1.NetworkPolicy(
        name,
        metadata=scope.metadata(name),
        spec=k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=pods if pods is not None else own,
            policy_types=[*(["Ingress"] if incoming else []), *(["Egress"] if outgoing else [])],
            ingress=list(incoming) or None,
            egress=list(outgoing) or None,
        ),
        opts=scope.options(),
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
