"""Disks of StatefulSets."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_kubernetes as k8s


def claim_template(
    name: str, size_gib: int, storage_class: str | None, labels: Mapping[str, str]
) -> k8s.core.v1.PersistentVolumeClaimArgs:
    """Return the claim from which each pod of a StatefulSet gets its own disk; its class the cluster's by default."""
    return k8s.core.v1.PersistentVolumeClaimArgs(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=dict(labels)),
        spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"],
            storage_class_name=storage_class,
            resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{size_gib}Gi"}),
        ),
    )
