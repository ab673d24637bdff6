"""Volumes: their labels, one that outlives its stack, and one that every user may write to."""

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, hardened_container


def volume_labels(labels: Mapping[str, str]) -> list[docker.VolumeLabelArgs]:
    """Return labels in a fixed order."""
    return [docker.VolumeLabelArgs(label=key, value=value) for key, value in sorted(labels.items())]


def kept_volume(
    resource: str,
    name: str,
    data: str,
    labels: Mapping[str, str],
    parent: pulumi.Resource,
    *,
    protect: bool | None = None,
) -> docker.Volume:
    """Return a volume that outlives its stack, with a label that says whose `data` it holds.

    Its name is fixed: the engine gives a volume that exists back as it is, with what is in it.
    """
    return docker.Volume(
        resource,
        name=name,
        driver="local",
        labels=volume_labels({**labels, "gostack.data": data}),
        opts=pulumi.ResourceOptions(parent=parent, retain_on_delete=True, protect=protect),
    )


def volume_mounts(volumes: Mapping[str, pulumi.Input[str]]) -> list[docker.ContainerVolumeArgs]:
    """Return the mounts of volumes by their paths."""
    return [
        docker.ContainerVolumeArgs(volume_name=volume, container_path=path) for path, volume in sorted(volumes.items())
    ]


def opened_volume(
    name: str,
    volume: docker.Volume,
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
    *,
    kept: bool = False,
) -> pulumi.Output[str]:
    """Return the name of a volume once every user may write to it.

    An empty volume belongs to root. When it is mounted for the first time the engine gives it the permissions of the
    folder in its place, and /tmp of any image with a shell is open to all: no process has to be root for it. One that
    is `kept` may have files already, and its folder the owner that their program gave it.
    """
    opening = hardened_container(
        f"{name}-opening",
        ContainerSpec(
            image=image,
            role="job",
            labels=labels,
            memory_mib=16,
            # Nobody's; the image's own may be root.
            user="65534:65534",
            entrypoint=["/bin/sh", "-c"],
            command=["true" if kept else "[ -w /tmp ]"],
            scratch_volume=volume.name,
            one_shot=True,
        ),
        parent=parent,
        network_mode="none",
        create_first=True,
    )
    return pulumi.Output.unsecret(pulumi.Output.all(volume.name, opening.exit_code)).apply(_opened)


def _opened(result: list[object]) -> str:
    name, exit_code = result
    # None in a preview, or where the engine keeps it to itself.
    if exit_code:
        raise pulumi.RunError(f"the volume {name} is not writable for a service's user: remove it, or empty it.")
    return str(name)
