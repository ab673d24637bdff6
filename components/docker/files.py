"""Files of a container whose root is read-only: in a volume, and mounted from there."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, content_digest, hardened_container
from components.docker.volumes import volume_labels
from components.files import GivenFile

FOLDER = "/run/gostack/given"
"""Where the whole volume is: the engine keeps a volume that is mounted somewhere."""

SECRETS = "/run/gostack/secrets"
"""Where programs of the stack find their secrets, each in a file of its own."""


def file_mounts(
    name: str,
    files: Mapping[str, GivenFile],
    *,
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> list[docker.ContainerVolumeArgs]:
    """Return the mounts by which containers find files at their paths; `image` is one that the engine has."""
    if not files:
        return []
    paths = sorted(files)
    numbered = {str(index): files[path] for index, path in enumerate(paths)}
    volume = _filled_volume(f"{name}-files", numbered, image, labels, parent)
    folder = volume.apply(lambda known: known[1])
    return [
        docker.ContainerVolumeArgs(
            volume_name=volume.apply(lambda known: known[0]), container_path=FOLDER, read_only=True
        ),
        *(
            docker.ContainerVolumeArgs(
                host_path=pulumi.Output.concat(folder, f"/{index}"), container_path=path, read_only=True
            )
            for index, path in enumerate(paths)
        ),
    ]


def secrets_volume(
    name: str,
    secrets: Mapping[str, pulumi.Input[str]],
    *,
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Return the name of a volume with secrets, each in a file of its name; `image` is one that the engine has."""
    files: dict[str, GivenFile] = {file: {"content": pulumi.Output.secret(text)} for file, text in secrets.items()}
    volume = _filled_volume(f"{name}-secrets", files, image, labels, parent)
    return volume.apply(lambda known: known[0])


def secrets_mount(volume: pulumi.Input[str]) -> docker.ContainerVolumeArgs:
    """Return the mount of a `secrets_volume` at `SECRETS`."""
    return docker.ContainerVolumeArgs(volume_name=volume, container_path=SECRETS, read_only=True)


def _filled_volume(
    name: str,
    files: Mapping[str, GivenFile],
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[tuple[str, str]]:
    """Return name and folder of a volume once the files are in it.

    It is one of the engine's, which root alone can read on the machine: in the memory of a container they would be lost
    when it restarts, and a variable is shown to everybody who may ask the engine. Other files make another volume, of
    another name, beside the one that is still used.
    """
    volume = docker.Volume(
        name,
        driver="local",
        labels=volume_labels(labels),
        opts=pulumi.ResourceOptions(parent=parent, replacement_trigger=content_digest(_writer(files, "", {}))),
    )
    writer = hardened_container(
        f"{name}-writer",
        _writer(files, image, labels, docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FOLDER)),
        parent=parent,
        network_mode="none",
        create_first=True,
    )
    # Whoever mounts it waits until they are written.
    written = pulumi.Output.unsecret(pulumi.Output.all(volume.name, volume.mountpoint, writer.id))
    return written.apply(lambda known: (str(known[0]), str(known[1])))


def _writer(
    files: Mapping[str, GivenFile],
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    *volumes: docker.ContainerVolumeArgs,
) -> ContainerSpec:
    """A container that exists for its volume to be written to, and never runs."""
    return ContainerSpec(
        image=image,
        role="job",
        labels=labels,
        memory_mib=16,
        # Nobody's.
        user="65534:65534",
        entrypoint=["/nothing"],
        volumes=volumes,
        uploads={f"{FOLDER}/{file}": content for file, content in files.items()},
    )
