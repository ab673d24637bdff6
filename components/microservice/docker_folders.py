"""The folders of a replica that are on the disk of its machine."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.docker.volumes import opened_volume, volume_labels
from components.microservice.workload import Workload


def disk_folders(
    name: str,
    workload: Workload,
    *,
    image: pulumi.Input[str],
    identity: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> list[docker.ContainerVolumeArgs]:
    """Make the volumes of one replica, empty at its start and removed with it; `image` has a shell.

    Another `identity` of the replica makes new ones, as the one before still uses its own.
    """
    mounts: list[docker.ContainerVolumeArgs] = []
    paths = sorted(path for path, folder in workload.writable.items() if folder.disk)
    for index, path in enumerate(paths):
        volume = docker.Volume(
            f"{name}-writable-{index}",
            driver="local",
            labels=volume_labels(labels),
            opts=pulumi.ResourceOptions(parent=parent, replacement_trigger=identity),
        )
        opened = opened_volume(f"{name}-writable-{index}", volume, image, labels, parent)
        mounts.append(docker.ContainerVolumeArgs(volume_name=opened, container_path=path))
    return mounts
