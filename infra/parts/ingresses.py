"""The way in: one Nginx a region, which serves every service's routes."""

from __future__ import annotations

from typing import TypeAlias

from components.args import CanaryArgs, IngressArgs, RouteArgs
from components.certificates import Certificate
from components.rendering.nginx_tracks import CANARY
from infra.context import Context
from infra.parts.discovery import Datacenters
from infra.parts.regions import Regions
from infra.parts.services import Microservices
from infra.platforms import Ingress, Microservice
from infra.settings.regions import RegionSettings
from infra.settings.services import ServiceSettings

Ingresses: TypeAlias = dict[str, Ingress]
"""Region to its ingress."""


def ingresses(context: Context, regions: Regions, consul: Datacenters, services: Microservices) -> Ingresses:
    """Make one certificate for all regions and an ingress in each."""
    settings = context.settings
    certificate = Certificate(
        "ingress-certificate",
        {
            "authority_key_pair": context.authority.key_pair,
            "names": settings.ingress.hosts,
            "lifetime_days": settings.certificates.lifetime_days,
            "rotation": settings.rotation.certificates,
        },
    )
    # Nobody is sent to a canary that is not there yet.
    canaries: list[Microservice] = [
        replicas for tracks in services.values() for replicas in tracks.get(CANARY, {}).values()
    ]
    made: Ingresses = {}
    for region, place in context.places:
        made[region] = context.platform.Ingress(
            f"ingress-{region}",
            _arguments(context, regions, consul, certificate, region, place),
            context.foundation.options(region, [*canaries, *context.before(region, made)]),
        )
    return made


def _arguments(
    context: Context,
    regions: Regions,
    consul: Datacenters,
    certificate: Certificate,
    region: str,
    place: RegionSettings,
) -> IngressArgs:
    settings = context.settings
    arguments: IngressArgs = {
        "region": regions[region].reference,
        "other_regions": context.foundation.joined(region),
        "consul": consul[region].reference,
        "image": context.foundation.image(region, context.image_ids["nginx"]),
        "pause_image": context.pause_image,
        "hosts": settings.ingress.hosts,
        "routes": _routes(settings.services),
        "canaries": _canaries(settings.services),
        "certificate": certificate.certificate,
        "private_key": certificate.private_key,
        "bind_address": place.bind_address,
        "https_port": place.https_port,
        "http_port": place.http_port,
        "worker_connections": settings.ingress.worker_connections,
        "labels": context.labels,
    }
    load_balancer = context.foundation.load_balancer(region)
    if load_balancer is not None:
        arguments["load_balancer"] = load_balancer
    return arguments


def _canaries(services: dict[str, ServiceSettings]) -> dict[str, CanaryArgs]:
    return {
        name: {
            "weight": service.canary.weight,
            "matches": [{"header": match.header, "value": match.value} for match in service.canary.match],
        }
        for name, service in services.items()
        if service.canary is not None
    }


def _routes(services: dict[str, ServiceSettings]) -> list[RouteArgs]:
    return [
        {
            "path": route.path,
            "match": route.match,
            "service": name,
            "idempotent": route.idempotent,
            "static": route.static,
            "body_limit_kib": route.body_limit_kib,
            "rate_limit_per_second": route.rate_limit_per_second,
            "rate_limit_burst": route.rate_limit_burst,
            "timeout_seconds": route.timeout_seconds,
            "per_try_timeout_seconds": route.per_try_timeout_seconds,
            "write_per_try_timeout_seconds": route.write_per_try_timeout_seconds,
        }
        for name, service in services.items()
        for route in service.routes
    ]
