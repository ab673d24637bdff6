"""Pods of which a new one serves before an old one goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.args import RegionReference
from components.kubernetes.names import selector
from components.kubernetes.workload import metadata, patience
from components.rendering.pod_resources import SURGE


def rolling_deployment(
    name: str,
    region: RegionReference,
    labels: Mapping[str, str],
    template: k8s.core.v1.PodTemplateSpecArgs,
    *,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Input[pulumi.Resource]],
    replicas: int | None,
    progress_seconds: int,
    patience_seconds: int,
    settling_seconds: int | None = None,
) -> k8s.apps.v1.Deployment:
    """Make a Deployment that never has less than all of its pods.

    `replicas` is None where an autoscaler has the number. `progress_seconds` is the time in which a new pod must be
    ready, `patience_seconds` how long an update waits for all, `settling_seconds` how long a new pod must have been
    ready before an old one goes.
    """
    return k8s.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=metadata(name, region, labels, patience(patience_seconds)),
        spec=k8s.apps.v1.DeploymentSpecArgs(
            replicas=replicas,
            selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector(labels)),
            strategy=k8s.apps.v1.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=SURGE),
            ),
            min_ready_seconds=settling_seconds,
            progress_deadline_seconds=progress_seconds,
            revision_history_limit=3,
            template=template,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )
