"""Volumes of services: what a platform cannot give, and names by which two would be the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.microservice.task import Hooks
from infra.settings.sentences import only_on

if TYPE_CHECKING:
    from components.microservice.volumes import ServiceVolume
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings


def volume_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each volume that cannot be as it is written."""
    owners: dict[str, str] = {}
    for name, service in settings.services.items():
        for called, volume in service.volumes.items():
            key, kept = f"gostack:services.{name}.volumes.{called}", volume.kept_name(name, called)
            if kept in owners:
                yield f"{key} is kept as {kept}, like {owners[kept]}: give one of them another name."
            owners[kept] = key
            if service.canary is not None and volume.shared == "replica":
                yield (
                    f'{key}.shared is "replica", and a canary would begin with empty volumes: write shared: region, or '
                    "remove canary."
                )
            if settings.platform == "docker" and volume.storage_class is not None:
                yield only_on("kubernetes", f"{key}.storage_class")
            if settings.platform == "kubernetes" and not volume.on_many_nodes:
                yield from _one_node_problems(key, service, volume)


def _one_node_problems(key: str, service: ServiceSettings, volume: ServiceVolume) -> Iterator[str]:
    """What asks for a disk on more than one node."""
    region = " and shared: region" if volume.shared == "replica" else ""
    fix = f"write a storage_class of ReadWriteMany{region}, or"
    most = service.autoscaling.maximum if service.autoscaling is not None else service.replicas
    if max(most, service.replicas) > 1 or service.canary is not None:
        yield (
            f"{key} is a disk that one node mounts, and the service may have more than one replica: {fix} write "
            "replicas: 1 and autoscaling: null, without a canary."
        )
    if volume.shared == "region" and (service.schedules or service.hooks != Hooks()):
        yield (
            f"{key} is a disk that one node mounts, and hooks and schedules run on any: {fix} write shared: replica, "
            "with which they do not see it."
        )
