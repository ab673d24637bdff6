"""Volumes of a service: folders whose files outlive replicas, releases and the stack itself."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.microservice.folders import FolderPath
from components.section import Section

SHARED_LABEL = "gostack.shared"
"""Label on Docker that the volumes of services have alone: who shares it, `region` or `replica`."""

OWN_CLAIM = "own"
"""First part of the names that a pod gives the volumes that no other program may mount."""

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f'"{value}" is not the name of a volume: use 1 to 30 lower-case letters, digits and hyphens, beginning '
            "with a letter."
        )
    return value


def _kept_name(value: str) -> str:
    service, dot, volume = value.partition(".")
    if not dot or not _NAME.fullmatch(service) or not _NAME.fullmatch(volume):
        raise ValueError(
            f'"{value}" is not the name of a kept volume: write <service>.<volume> as they were, like "shop.uploads".'
        )
    return value


VolumeName = Annotated[str, AfterValidator(_name)]
"""The name of a volume of a service."""


class ServiceVolume(Section):
    """A folder that a service keeps. It outlives replicas, releases, `make up` and `make down`; `make down PURGE=1`
    removes it. `gostack backup` saves it on Docker."""

    path: FolderPath
    """Folder in the container, which the service's user may write to. What an image has there itself is put into an
    empty volume on Docker, with the image's owner."""

    shared: Literal["region", "replica"] = "region"
    """`region`: all replicas of the service in a region have the same files, those of the canary, hooks, schedules and
    tasks too, and a release starts new replicas before old ones go: two programs may have a file open. `replica`: each
    replica has files of its own, which no other program sees, for a program that wants its folder for itself. A release
    then stops each replica before it starts the next one in its place, one after the other: with `replicas: 1` the
    service is away meanwhile, and a new one that does not get healthy is missing until the next update. Files of one
    region are never in another one."""

    size_gib: Annotated[int, Field(ge=1, le=16384)] = 1
    """Kubernetes only: size in GiB, which may grow where the storage class allows it. On Docker a volume grows with
    what is in it."""

    storage_class: Annotated[str, Field(min_length=1)] | None = None
    """Kubernetes only: storage class. With `shared: region` one whose disks many nodes mount at once (ReadWriteMany);
    without it the class is that of `gostack:kubernetes`, whose disks one node mounts, and the service must have one
    replica and no canary, hooks and schedules. A release then stops it before it starts the next one."""

    protect: bool = False
    """True refuses to delete the volume, `make down` too; without it Pulumi lets go of it and the files stay. The rules
    of prod want it."""

    name: Annotated[str, AfterValidator(_kept_name)] | None = None
    """Name by which it is kept, `<service>.<volume>` when it is not given: after a rename, the one before has the
    files."""

    @property
    def on_many_nodes(self) -> bool:
        """Whether pods on several nodes of a cluster can mount it at once."""
        return self.shared == "region" and self.storage_class is not None

    def kept_name(self, service: str, volume: str) -> str:
        """Return the name by which the volume called so of a service is kept."""
        return self.name or f"{service}.{volume}"


def released_in_place(volumes: dict[str, ServiceVolume], platform: str) -> bool:
    """Whether a replica has to go before the next one starts in its place, on `docker` or `kubernetes`."""
    if platform == "kubernetes":
        return not all(volume.on_many_nodes for volume in volumes.values())
    return any(volume.shared == "replica" for volume in volumes.values())
