"""Pods of which a new one serves before an old one goes: one by one, or all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.names import selector
from components.kubernetes.resources import SURGE
from components.kubernetes.scope import Scope, timeout_annotation


def rolling_deployment(
    scope: Scope,
    name: str,
    template: k8s.core.v1.PodTemplateSpecArgs,
    *,
    depends_on: Sequence[pulumi.Input[pulumi.Resource]],
    replicas: int | None,
    progress_seconds: int,
    timeout_seconds: int,
    settling_seconds: int | None = None,
    in_place: bool = False,
) -> k8s.apps.v1.Deployment:
    """Make a Deployment that never has less than all of its pods; with `in_place` its old pods go before new ones come,
    because two cannot mount its disk.

    `replicas` is None where an autoscaler has the number. `progress_seconds` is the time in which a new pod must be
    ready, `timeout_seconds` how long an update waits for all, `settling_seconds` how long a new pod must have been
    ready before an old one goes.
    """
    return k8s.apps.v1.Deployment(
        f"{name}-deployment",
        metadata=scope.metadata(name, timeout_annotation(timeout_seconds)),
        spec=_spec(selector(scope.labels), template, replicas, progress_seconds, settling_seconds, in_place=in_place),
        opts=scope.options(*depends_on),
    )


def released_deployment(
    scope: Scope,
    name: str,
    release: Mapping[str, pulumi.Input[str]],
    template: k8s.core.v1.PodTemplateSpecArgs,
    *,
    depends_on: Sequence[pulumi.Input[pulumi.Resource]],
    replicas: int,
    progress_seconds: int,
    timeout_seconds: int,
) -> k8s.apps.v1.Deployment:
    """Make a Deployment for one release, which the labels `release` tell from every other.

    Another release is another Deployment: all its pods come up beside the old ones, and the old ones go at the end of
    the update. A Service that selects `release` too, and is made from this Deployment, sends nobody to a new pod before
    all of them are ready; when they do not get ready, the old ones serve alone. Anything else that changes in the
    template is rolled out pod by pod.
    """
    return k8s.apps.v1.Deployment(
        f"{name}-deployment",
        # Named by Pulumi: while an update goes on, and after one that failed, there are two.
        metadata=scope.metadata(
            None,
            # Old pods end in their own time, and the update does not wait for it.
            {**timeout_annotation(timeout_seconds), "pulumi.com/deletionPropagationPolicy": "background"},
        ),
        spec=_spec({**selector(scope.labels), **release}, template, replicas, progress_seconds, None),
        opts=scope.options(*depends_on),
    )


def _spec(
    chosen: Mapping[str, pulumi.Input[str]],
    template: k8s.core.v1.PodTemplateSpecArgs,
    replicas: int | None,
    progress_seconds: int,
    settling_seconds: int | None,
    *,
    in_place: bool = False,
) -> k8s.apps.v1.DeploymentSpecArgs:
    return k8s.apps.v1.DeploymentSpecArgs(
        replicas=replicas,
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(chosen)),
        strategy=k8s.apps.v1.DeploymentStrategyArgs(type="Recreate")
        if in_place
        else k8s.apps.v1.DeploymentStrategyArgs(
            type="RollingUpdate",
            rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_unavailable=0, max_surge=SURGE),
        ),
        min_ready_seconds=settling_seconds,
        progress_deadline_seconds=progress_seconds,
        revision_history_limit=3,
        template=template,
    )
