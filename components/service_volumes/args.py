"""The volumes of a service in one region."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from components.consul.args import ConsulReference
from components.microservice.volumes import ServiceVolume
from components.region.args import RegionReference


class ServiceVolumesArgs(TypedDict):
    """Inputs of the volumes of a service in one region."""

    service: str
    """Name of the service."""

    region: RegionReference
    """Where they are."""

    consul: ConsulReference
    """Datacenter of the region: on Docker its image, which has a shell, opens a volume to every user."""

    volumes: Mapping[str, ServiceVolume]
    """Name to volume."""

    replicas: int
    """Number of replicas, each of which has volumes of its own with `shared: replica`."""

    volume_prefix: str
    """First part of the names of the volumes on Docker."""

    storage_class: NotRequired[str]
    """On Kubernetes: storage class of the volumes that name none; the cluster's default when it is not given."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


def kept_volumes(args: ServiceVolumesArgs) -> dict[str, str]:
    """Return the name by which each volume is kept, and who shares it."""
    return {volume.kept_name(args["service"], name): volume.shared for name, volume in args["volumes"].items()}
