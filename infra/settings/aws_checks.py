"""Checks of a stack on AWS that look at several settings together; each is one sentence with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING

from components.aws.image_names import own_repository, registry_host
from components.aws.network.addresses import CLUSTER_SERVICES, partition
from infra.settings.aws import AwsSettings

if TYPE_CHECKING:
    from infra.settings.model import Settings

_MYSQL_ELSEWHERE = ("topology", "witness", "buffer_pool_mib", "memory_mib", "storage_gib", "max_connections", "protect")


def aws_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each setting that cannot be on AWS."""
    aws = settings.aws
    if aws is None:
        return
    if settings.platform != "kubernetes":
        yield 'gostack:aws has a meaning only when gostack:platform is "kubernetes": set it, or remove gostack:aws.'
        return
    yield from _regions(settings, aws)
    yield from _networks(aws)
    yield from _elsewhere(settings)
    yield from _names(settings, aws)
    yield from _images(settings, aws)


def _regions(settings: Settings, aws: AwsSettings) -> Iterator[str]:
    for region in sorted(settings.regions.keys() ^ aws.regions.keys()):
        here, missing = ("gostack:regions", "gostack:aws.regions")
        if region in aws.regions:
            here, missing = missing, here
        yield f"{here} has {region}, which {missing} has not: add it there, or remove it here."
    for key, region in (("aws.home_region", aws.home_region), ("mysql.primary", settings.mysql.primary)):
        if region not in aws.regions:
            yield f'gostack:{key} is "{region}", which is no region of the stack: use one of {_listed(aws)}.'
        elif aws.regions[region].retiring:
            yield f"gostack:aws.regions.{region}.retiring is true, but it is gostack:{key}: move that elsewhere first."
    if len({partition(region) for region in aws.regions}) > 1:
        yield (
            f"gostack:aws.regions has regions of different parts of AWS ({_listed(aws)}), which no account is in: keep "
            "those of one."
        )
    for name, region in aws.regions.items():
        zones = region.availability_zones or []
        for zone in zones:
            if not zone.startswith(name) or zones.count(zone) > 1:
                yield (
                    f'gostack:aws.regions.{name}.availability_zones has "{zone}": write three different zones of the '
                    f'region, like "{name}a".'
                )


def _networks(aws: AwsSettings) -> Iterator[str]:
    for (first, one), (second, other) in combinations(aws.regions.items(), 2):
        if IPv4Network(one.cidr).overlaps(IPv4Network(other.cidr)):
            yield (
                f"gostack:aws.regions.{second}.cidr ({other.cidr}) overlaps with gostack:aws.regions.{first}.cidr "
                f"({one.cidr}): give each of them a network of its own."
            )
    for name, region in aws.regions.items():
        if IPv4Network(region.cidr).overlaps(IPv4Network(CLUSTER_SERVICES)):
            yield (
                f"gostack:aws.regions.{name}.cidr ({region.cidr}) overlaps with {CLUSTER_SERVICES}, which the services "
                "inside a cluster have: choose another network."
            )


def _elsewhere(settings: Settings) -> Iterator[str]:
    """Keys that say something about a stack that stands somewhere else."""
    for key in ("kubeconfig", "context"):
        if settings.kubernetes is not None and key in settings.kubernetes.model_fields_set:
            yield f"gostack:kubernetes.{key} has no meaning with gostack:aws, which makes its own clusters: remove it."
    for key in _MYSQL_ELSEWHERE:
        if key in settings.mysql.model_fields_set:
            yield f"gostack:mysql.{key} has no meaning with gostack:aws, where Aurora is the database: remove it."
    if settings.registry:
        yield "gostack:registry has no meaning with gostack:aws, which has a registry in every region: remove it."


def _names(settings: Settings, aws: AwsSettings) -> Iterator[str]:
    needed = [aws.domain.name, *(f"{region}.{aws.domain.name}" for region in sorted(aws.regions))]
    for host in needed:
        if host not in settings.ingress.hosts:
            yield f'gostack:ingress.hosts lacks "{host}", by which clients and health checks come: add it.'


def _images(settings: Settings, aws: AwsSettings) -> Iterator[str]:
    for name, reference in sorted(settings.pulled_images().items()):
        if "@sha256:" not in reference:
            yield (
                f'gostack:images.{name.replace("-", "_")} is "{reference}", whose tag may move: write it with its '
                "digest, like name:tag@sha256:<64 hex digits>."
            )
    home = registry_host(aws.account, aws.home_region)
    for name, service in settings.services.items():
        for track in service.tracks():
            key = f"gostack:services.{name}.{'canary.' if track.suffix else ''}"
            if track.context is not None:
                yield (
                    f"{key}context is built here, and prod takes what staging has proven: write {key}image with the "
                    f"release's digest, like {home}/gostack/{name}@sha256:<64 hex digits>."
                )
            elif track.image is not None and _is_copy(track.image, aws.account, home):
                yield (
                    f'{key}image is "{track.image}", in a region that gets copies: write the one of '
                    f"gostack:aws.home_region, {home}."
                )
        if service.migrations is not None and service.migrations.directory is not None:
            yield (
                f"gostack:services.{name}.database.migrations.directory is built into an image here, and prod takes "
                "what staging has proven: write image with the release's digest, like "
                f"{home}/gostack/{name}-migrations@sha256:<64 hex digits>."
            )


def _is_copy(image: str, account: str, home: str) -> bool:
    return own_repository(image, account) is not None and not image.startswith(f"{home}/")


def _listed(aws: AwsSettings) -> str:
    return ", ".join(sorted(aws.regions))
