"""The way in: one Nginx a region, which serves every service's routes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from components.args import IngressArgs
from components.certificates import Certificate
from components.ingress import CANARY, IngressConfiguration
from infra.context import Context
from infra.parts.discovery import Datacenters
from infra.parts.regions import Regions
from infra.parts.services import Microservices
from infra.platforms import Ingress, Microservice
from infra.settings import Settings
from infra.settings.regions import RegionSettings

Ingresses: TypeAlias = dict[str, Ingress]
"""Region to its ingress."""

IPV6_LOOPBACK = "::1"
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
        "configuration": _configuration(context, region),
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


def _configuration(context: Context, region: str) -> IngressConfiguration:
    settings = context.settings
    ingress = settings.ingress
    return IngressConfiguration(
        region=region,
        other_regions=context.foundation.joined(region),
        hosts=[*ingress.hosts, *loopback_hosts(settings)],
        https_port=settings.regions[region].https_port,
        routes={name: service.routes for name, service in settings.services.items()},
        canaries={
            name: service.canary.traffic() for name, service in settings.services.items() if service.canary is not None
        },
        trusted_proxies=ingress.trusted_proxies,
        worker_processes=ingress.worker_processes,
        worker_connections=ingress.worker_connections,
    )


def _bind_addresses(settings: Settings, place: RegionSettings) -> list[str]:
    return [place.bind_address, *(loopback_hosts(settings) if place.bind_address in _ON_LOOPBACK else [])]


def loopback_hosts(settings: Settings) -> list[str]:
    """Return the IPv6 loopback where the ingresses listen on it: "localhost" is that address first on most machines."""
    if settings.platform != "docker" or not {"localhost", "127.0.0.1"} & set(settings.ingress.hosts):
        return []
    wanted = settings.ingress.ipv6
    return [IPV6_LOOPBACK] if (machine_has_ipv6() if wanted is None else wanted) else []


def machine_has_ipv6() -> bool:
    """Whether this machine, which Docker publishes ports on, has an IPv6 loopback."""
    try:
        return "00000000000000000000000000000001 " in Path("/proc/net/if_inet6").read_text(encoding="ascii")
    except OSError:
        return False
