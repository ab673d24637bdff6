"""How the number of replicas follows the load."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.scope import NOT_AWAITED, Scope


def autoscaler(
    scope: Scope, name: str, target: str, deployment: pulumi.Resource, *, minimum: int, maximum: int, cpu_percent: int
) -> k8s.autoscaling.v2.HorizontalPodAutoscaler:
    """Return the autoscaler of a Deployment named `target`, which then must not say how many replicas it has."""
    return k8s.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        # It has nothing to measure right after its pods have started: an update does not wait for its first figure.
        metadata=scope.metadata(target, NOT_AWAITED),
        spec=k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
            scale_target_ref=k8s.autoscaling.v2.CrossVersionObjectReferenceArgs(
                api_version="apps/v1", kind="Deployment", name=target
            ),
            min_replicas=minimum,
            max_replicas=maximum,
            metrics=[
                k8s.autoscaling.v2.MetricSpecArgs(
                    # Of the program alone: its Consul agent, which rests, would halve the average.
                    type="ContainerResource",
                    container_resource=k8s.autoscaling.v2.ContainerResourceMetricSourceArgs(
                        container="application",
                        name="cpu",
                        target=k8s.autoscaling.v2.MetricTargetArgs(type="Utilization", average_utilization=cpu_percent),
                    ),
                )
            ],
        ),
        opts=scope.options(deployment),
    )
