"""Disks: claims of StatefulSets, and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s


def claim_template(
    name: str, size_gib: int, storage_class: str | None, labels: Mapping[str, str]
) -> k8s.core.v1.PersistentVolumeClaimArgs:
    """Return the claim from which each pod of a StatefulSet gets its own disk; its class the cluster's by default."""
    return k8s.core.v1.PersistentVolumeClaimArgs(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=dict(labels)),
        spec=claim_spec(size_gib, storage_class, "ReadWriteOnce"),
    )


def claim_spec(size_gib: int, storage_class: str | None, access_mode: str) -> k8s.core.v1.PersistentVolumeClaimSpecArgs:
    """Return what a claim asks for; its class the cluster's by default."""
    return k8s.core.v1.PersistentVolumeClaimSpecArgs(
        access_modes=[access_mode],
        storage_class_name=storage_class,
        resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{size_gib}Gi"}),
    )


@dataclass(frozen=True)
class MountedClaims:
    """Claims as a pod mounts them."""

    volumes: list[k8s.core.v1.VolumeArgs]
    """The pod's volumes."""

    mounts: dict[str, str]
    """Path to name of the volume."""


def mounted_claims(claims: Mapping[str, pulumi.Input[str]], prefix: str = "kept") -> MountedClaims:
    """Return claims by their paths as a pod mounts them; its volumes are called `<prefix>-<number>`."""
    numbered = {path: f"{prefix}-{index}" for index, path in enumerate(sorted(claims))}
    return MountedClaims(
        volumes=[
            k8s.core.v1.VolumeArgs(
                name=name,
                persistent_volume_claim=k8s.core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=claims[path]),
            )
            for path, name in numbered.items()
        ],
        mounts=numbered,
    )
