"""What the pods of every workload have in common: an account without a token, one user's group, anti-affinity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.pod import ContainerSpec, container, pod_security
from components.kubernetes.spreading import anti_affinity, topology_spread


def pod_template(
    labels: Mapping[str, pulumi.Input[str]],
    account: k8s.core.v1.ServiceAccount,
    group: int,
    *,
    containers: Sequence[ContainerSpec],
    volumes: Sequence[k8s.core.v1.VolumeArgs],
    init_containers: Sequence[ContainerSpec] = (),
    anti_affinity_to: Mapping[str, pulumi.Input[str]] | None = None,
    stop_seconds: int | None = None,
    restart_policy: str | None = None,
    privileged_ports: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> k8s.core.v1.PodTemplateSpecArgs:
    """Return the template of a workload's pods.

    Volumes belong to `group`. `anti_affinity_to` selects the pods that share no zone and no node with it, as far as the
    cluster has places. `stop_seconds` is the time that a pod has to end, what happens before its stop signal included.
    `privileged_ports` lets every user listen on ports below 1024.
    """
    return k8s.core.v1.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(
            labels=dict(labels), annotations=dict(annotations) if annotations else None
        ),
        spec=k8s.core.v1.PodSpecArgs(
            restart_policy=restart_policy,
            service_account_name=account.metadata.apply(lambda found: str(found.name)),
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pod_security(group, privileged_ports=privileged_ports),
            affinity=anti_affinity(anti_affinity_to) if anti_affinity_to is not None else None,
            topology_spread_constraints=topology_spread(anti_affinity_to) if anti_affinity_to is not None else None,
            termination_grace_period_seconds=stop_seconds,
            init_containers=[container(spec) for spec in init_containers] or None,
            containers=[container(spec) for spec in containers],
            volumes=list(volumes),
        ),
    )
