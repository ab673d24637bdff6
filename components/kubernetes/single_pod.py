"""One pod with disks of its own: a StatefulSet of one, and the names by which it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import selector
from components.kubernetes.scope import NOT_AWAITED, Scope, timeout_annotation


def pod_services(scope: Scope, name: str, host: str, ports: Mapping[str, int]) -> list[k8s.core.v1.Service]:
    """Return the two Services of a pod: one with an address that stays when the pod goes, so that a client that
    connects meanwhile is refused at once, and the one that its StatefulSet needs.

    `host` is the name in the namespace, `ports` are by their names.
    """

    def service(resource: str, known_as: str, cluster_ip: str | None = None) -> k8s.core.v1.Service:
        return k8s.core.v1.Service(
            resource,
            # The pod is made after it, because its name must resolve; an empty one would never be ready.
            metadata=scope.metadata(known_as, NOT_AWAITED),
            spec=k8s.core.v1.ServiceSpecArgs(
                cluster_ip=cluster_ip,
                selector=selector(scope.labels),
                ports=[
                    k8s.core.v1.ServicePortArgs(name=called, port=port, protocol="TCP")
                    for called, port in ports.items()
                ],
            ),
            opts=scope.options(),
        )

    return [service(f"{name}-service", host), service(f"{name}-pods", _governing(host), cluster_ip="None")]


def single_pod(
    scope: Scope,
    resource: str,
    name: str,
    host: str,
    template: k8s.core.v1.PodTemplateSpecArgs,
    claims: Sequence[k8s.core.v1.PersistentVolumeClaimArgs],
    *,
    timeout_seconds: int,
    opts: pulumi.ResourceOptions,
) -> k8s.apps.v1.StatefulSet:
    """Return a StatefulSet that never runs a second pod beside the first, which would destroy their disk, and whose
    disks outlive it; `pod_services` with the same `host` come before it."""
    return k8s.apps.v1.StatefulSet(
        resource,
        metadata=scope.metadata(name, timeout_annotation(timeout_seconds)),
        spec=k8s.apps.v1.StatefulSetSpecArgs(
            service_name=_governing(host),
            replicas=1,
            update_strategy=k8s.apps.v1.StatefulSetUpdateStrategyArgs(type="RollingUpdate"),
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(scope.labels)),
            persistent_volume_claim_retention_policy=k8s.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                when_deleted="Retain", when_scaled="Retain"
            ),
            volume_claim_templates=list(claims) or None,
            template=template,
        ),
        opts=opts,
    )


def _governing(host: str) -> str:
    return f"{host}-pods"
