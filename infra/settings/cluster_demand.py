"""What all pods of a region can ask for together, added up from the settings, and the quota that follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.demands import (
    CONSUL_AGENT,
    CONSUL_SERVER,
    CONSUL_STORAGE_GIB,
    DNS_DRAIN,
    INGRESS_REPLICAS,
    TELEMETRY,
    TOKEN_VERIFIER,
    accessory_resources,
    hook_resources,
    ingress_resources,
    mysql_resources,
    telemetry_storage_gib,
)
from components.ingress.login import oidc_logins
from components.ingress.login_proxy import REPLICAS, login_proxy_workload
from components.ingress.token_verifier import token_logins
from components.kubernetes.resources import JOB, SURGE, Demand, Resources, pod_demand
from components.microservice.task import Hooks
from components.microservice.volumes import released_in_place
from components.microservice.workload import Workload
from infra.settings.services import ServiceSettings

if TYPE_CHECKING:
    from infra.settings.kubernetes import QuotaSettings
    from infra.settings.model import Settings

ROOM = 2
"""How often a quota that nobody gave holds what the region needs. What an update takes away goes last, and a pod that
ends counts until it has ended: for a time the old pods are there beside the new ones."""


@dataclass(frozen=True)
class _Pods:
    """Pods of one kind."""

    each: Demand
    """What one of them asks for."""

    number: int
    """How many there are at the most between updates."""

    surge: int = 0
    """How many more there are while an update goes on."""


def region_demand(settings: Settings, region: str) -> Demand:
    """Return what the region's pods can ask for at the most while every Deployment is being updated at once, its
    autoscaler at the highest number."""
    return sum((kind.each.times(kind.number + kind.surge) for kind in _kinds(settings, region)), Demand())


def region_surge(settings: Settings, region: str) -> Demand:
    """Return the part of it that is there only while an update goes on."""
    return sum((kind.each.times(kind.surge) for kind in _kinds(settings, region)), Demand())


def region_quota(settings: Settings, region: str) -> Demand:
    """Return the most that the region may ask for: what the settings give, and for the rest ROOM times its need."""
    given = _given(settings)
    usual = region_demand(settings, region).times(ROOM)
    return Demand(
        cpu_requests=given.cpus or usual.cpu_requests,
        cpu_limits=given.cpus * 2 if given.cpus else usual.cpu_limits,
        memory_requests_mib=given.memory_gib * 1024 if given.memory_gib else usual.memory_requests_mib,
        memory_limits_mib=given.memory_gib * 2048 if given.memory_gib else usual.memory_limits_mib,
        pods=given.pods or usual.pods,
        storage_gib=given.storage_gib or usual.storage_gib,
    )


def quota_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each key of a given quota that is less than a region can need."""
    given = _given(settings)
    for region in settings.ordered_regions():
        need = region_demand(settings, region)
        needed: dict[str, float] = {
            "cpus": max(need.cpu_requests, need.cpu_limits / 2),
            "memory_gib": math.ceil(max(need.memory_requests_mib, need.memory_limits_mib / 2) / 1024),
            "pods": need.pods,
            "storage_gib": need.storage_gib,
        }
        for key, least in needed.items():
            most: float | None = getattr(given, key)
            if most is not None and most < least:
                half = " (requests, or half of the limits)" if key in ("cpus", "memory_gib") else ""
                yield (
                    f'gostack:kubernetes.quota.{key} is {most:g}, but the pods of the region "{region}" can need '
                    f"{least:g}{half} with every autoscaler at its maximum and an update going on: raise it by "
                    f"{round(least - most, 3):g} or lower the maximum, or remove the key and it is added up."
                )


def _given(settings: Settings) -> QuotaSettings:
    from infra.settings.kubernetes import QuotaSettings

    return settings.kubernetes.quota if settings.kubernetes is not None else QuotaSettings()


def _kinds(settings: Settings, region: str) -> Iterator[_Pods]:
    yield _Pods(pod_demand(CONSUL_SERVER, storage_gib=CONSUL_STORAGE_GIB), settings.consul.servers)
    ingress = ingress_resources(memory_mib=settings.ingress.memory_mib)
    beside = [TOKEN_VERIFIER] if token_logins(settings.ingress.logins) else []
    # Another configuration comes up whole beside the one that serves.
    yield _Pods(pod_demand(ingress, CONSUL_AGENT, *beside), INGRESS_REPLICAS, surge=INGRESS_REPLICAS)
    for login in oidc_logins(settings.ingress.logins).values():
        proxy = _replica_resources(login_proxy_workload(login))
        yield _Pods(pod_demand(proxy, CONSUL_AGENT), REPLICAS["kubernetes"], surge=SURGE)
    if settings.aws is not None:
        yield _Pods(pod_demand(DNS_DRAIN), 1)
    else:
        yield from _database(settings, region)
    if settings.has_telemetry and region == settings.ordered_regions()[0]:
        programs = [one for part, one in TELEMETRY.items() if part != "alertmanager" or settings.telemetry.receivers]
        disks = sum(telemetry_storage_gib(settings.telemetry.disk_gib).values())
        yield _Pods(pod_demand(*programs, storage_gib=disks), 1)
    for accessory in settings.accessories.values():
        if region in accessory.runs_in(settings.ordered_regions()):
            disks = sum(volume.size_gib for volume in accessory.data().values())
            resources = accessory_resources(memory_mib=accessory.limit_mib(), cpus=accessory.cpus)
            # One disk, one pod: the new one comes when the old one has gone.
            yield _Pods(pod_demand(resources, storage_gib=disks), 1)
    for service in settings.services.values():
        yield from _service(settings, service, region)


def _database(settings: Settings, region: str) -> Iterator[_Pods]:
    mysql = settings.mysql
    member = pod_demand(
        mysql_resources(memory_mib=mysql.memory_mib, buffer_pool_mib=mysql.buffer_pool_mib),
        CONSUL_AGENT,
        storage_gib=mysql.storage_gib,
    )
    if region == mysql.primary:
        yield _Pods(member, 1)
        # Makes the accounts.
        yield _Pods(pod_demand(JOB), 0, surge=1)
    if mysql.topology == "replica":
        yield _Pods(member, 1)


def _replica_resources(workload: Workload) -> Resources:
    limits = workload.limits("kubernetes")
    return Resources(workload.cpu_request, workload.memory_request_mib, limits.cpus, limits.memory_mib)


def _service(settings: Settings, service: ServiceSettings, region: str) -> Iterator[_Pods]:
    replica = pod_demand(_replica_resources(service), CONSUL_AGENT)
    for track in service.tracks():
        most = service.autoscaling.maximum if service.autoscaling is not None else track.replicas
        in_place = released_in_place(service.volumes, "kubernetes")
        yield _Pods(replica, most, surge=0 if in_place else SURGE)
    yield _Pods(Demand(storage_gib=sum(volume.size_gib for volume in service.volumes.values())), 1)
    if region == settings.mysql.primary:
        # Schedules at any time, hooks one after the other.
        hooks = int(service.hooks != Hooks())
        yield _Pods(pod_demand(hook_resources(service)), len(service.schedules), surge=hooks)
    if service.document() is not None:
        yield _Pods(pod_demand(CONSUL_AGENT), 1, SURGE)
    if service.own_schema is not None and region == settings.mysql.primary:
        # One makes the accounts, and one migrates each track that has an image of its own.
        yield _Pods(pod_demand(JOB), 0, surge=1 + len(service.migrated_tracks()))
