"""The writable folders of a pod: in memory, or on the disk of its node."""

from __future__ import annotations

import pulumi_kubernetes as k8s

from components.kubernetes.pod import memory_volume, scratch_volume
from components.kubernetes.resources import Resources
from components.microservice.workload import Workload


def folder_volumes(workload: Workload) -> list[k8s.core.v1.VolumeArgs]:
    """Return the volumes of the folders."""
    return [
        scratch_volume(_volume(index), folder.size_mib)
        if folder.disk
        else memory_volume(_volume(index), folder.size_mib)
        for index, (_, folder) in enumerate(sorted(workload.writable.items()))
    ]


def folder_mounts(workload: Workload) -> dict[str, str]:
    """Return path to the name of the volume."""
    return {path: _volume(index) for index, path in enumerate(sorted(workload.writable))}


def replica_disk_mib(workload: Workload) -> int:
    """Return what a program may write to its node's disk, in MiB: logs, and the folders that are there."""
    return Resources.disk_limit_mib + sum(folder.size_mib for folder in workload.writable.values() if folder.disk)


def _volume(index: int) -> str:
    return f"writable-{index}"
