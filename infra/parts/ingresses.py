"""The way in: one Nginx a region, which serves every service's routes."""

from __future__ import annotations

from typing import TypeAlias

from components.args import IngressArgs
from components.certificates import Certificate
from components.ingress import CANARY
from infra.context import Context
from infra.parts.discovery import Datacenters
from infra.parts.regions import Regions
from infra.parts.services import Microservices
from infra.platforms import Ingress, Microservice
from infra.settings import Settings
from infra.settings.ingress import ingress_configuration, loopback_hosts
from infra.settings.regions import RegionSettings

Ingresses: TypeAlias = dict[str, Ingress]
"""Region to its ingress."""

_ON_LOOPBACK = ("127.0.0.1", "0.0.0.0")  # noqa: S104


def ingresses(context: Context, regions: Regions, consul: Datacenters, services: Microservices) -> Ingresses:
    """Make one certificate for all regions and an ingress in each."""
    settings = context.settings
    certificate = Certificate(
        "ingress-certificate",
        {
            "authority_key_pair": context.authority.key_pair,
            "names": [*settings.ingress.hosts, *loopback_hosts(settings)],
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
        "consul": consul[region].reference,
        "image": context.foundation.image(region, context.image_ids["nginx"]),
        "pause_image": context.pause_image,
        "configuration": ingress_configuration(settings, region, context.foundation.joined(region)),
        "certificate": certificate.certificate,
        "private_key": certificate.private_key,
        "bind_addresses": _bind_addresses(settings, place),
        "http_port": place.http_port,
        "memory_mib": settings.ingress.memory_mib,
        "labels": context.labels,
    }
    load_balancer = context.foundation.load_balancer(region)
    if load_balancer is not None:
        arguments["load_balancer"] = load_balancer
    return arguments


def _bind_addresses(settings: Settings, place: RegionSettings) -> list[str]:
    return [place.bind_address, *(loopback_hosts(settings) if place.bind_address in _ON_LOOPBACK else [])]
