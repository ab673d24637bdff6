"""Files of a container whose root is read-only: in a volume, and mounted from there one by one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_docker as docker

from components.docker.container import ContainerSpec, content_digest, hardened_container
from components.docker.volumes import volume_labels
from components.files import GivenFile

FOLDER = "/run/gostack/given"
"""Where the whole volume is: the engine keeps a volume that is mounted somewhere."""


def file_mounts(
    name: str,
    files: Mapping[str, GivenFile],
    *,
    image: pulumi.Input[str],
    labels: Mapping[str, str],
    parent: pulumi.Resource,
) -> list[docker.ContainerVolumeArgs]:
    """Return the mounts by which containers find files at their paths; `image` is one that the engine has.

    They are in a volume of the engine, which root alone can read on the machine: in the memory of a container they
    would be lost when it restarts, and a variable is shown to everybody who may ask the engine. Other files make
    another volume beside the one that is still used.
    """
    if not files:
        return []
    volume = docker.Volume(
        f"{name}-files",
        driver="local",
        labels=volume_labels(labels),
        opts=pulumi.ResourceOptions(parent=parent, replacement_trigger=files_digest(files)),
    )
    writer = hardened_container(
        f"{name}-files-writer",
        _writer(files, image, labels, docker.ContainerVolumeArgs(volume_name=volume.name, container_path=FOLDER)),
        parent=parent,
        network_mode="none",
        create_first=True,
    )
    # Whoever mounts them waits until they are written.
    written = pulumi.Output.unsecret(pulumi.Output.all(volume.name, volume.mountpoint, writer.id))
    folder = written.apply(lambda known: str(known[1]))
    return [
        docker.ContainerVolumeArgs(
            volume_name=written.apply(lambda known: str(known[0])), container_path=FOLDER, read_only=True
        ),
        *(
            docker.ContainerVolumeArgs(
                host_path=pulumi.Output.concat(folder, f"/{index}"), container_path=path, read_only=True
            )
            for index, path in enumerate(sorted(files))
        ),
    ]


def files_digest(files: Mapping[str, GivenFile]) -> pulumi.Output[str]:
    """Return a digest of files and where they are, secret when any of them is."""
    return content_digest(_writer(files, "", {"paths": " ".join(sorted(files))}))


def with_files(identity: pulumi.Output[str], files: Mapping[str, GivenFile]) -> pulumi.Output[str]:
    """Return the identity of a pod that is replaced when its files change too."""
    return pulumi.Output.concat(identity, "-", files_digest(files)) if files else identity


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
        uploads={f"{FOLDER}/{index}": file for index, (_, file) in enumerate(sorted(files.items()))},
    )
