"""The volumes of a service in one region."""

from collections.abc import Mapping

from components.args import KeptArgs
from components.consul.args import RegionalArgs
from components.microservice.volumes import ServiceVolume


class ServiceVolumesArgs(RegionalArgs, KeptArgs):
    """Inputs of the volumes of a service in one region."""

    service: str
    """Name of the service."""

    volumes: Mapping[str, ServiceVolume]
    """Name to volume."""

    replicas: int
    """Number of replicas, each of which has volumes of its own with `shared: replica`."""


def kept_volumes(args: ServiceVolumesArgs) -> dict[str, str]:
    """Return the name by which each volume is kept, and who shares it."""
    return {volume.kept_name(args["service"], name): volume.shared for name, volume in args["volumes"].items()}
