"""The outputs that every stack exports. Tests and tools read these, never the names of containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NotRequired, TypeAlias, TypedDict

import pulumi

from components.ingress.tracks import STABLE
from components.mysql.database import Database
from components.service_database.migrations import TRACK as MIGRATIONS
from infra.settings import Settings
from infra.settings.services import ServiceSettings

if TYPE_CHECKING:
    from infra.platforms.base import ConsulDatacenter, Image, Ingress, Microservice, Telemetry

CONSOLE_PAGE = "console"
"""The dashboard of a stack with telemetry, among its `dashboards`."""

GRAFANA_PAGE = "grafana"
"""Grafana, among them, where the stack has it."""

Microservices: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, Microservice]]]"
"""Service to track to region to replicas."""


class ImageOutput(TypedDict):
    """An upstream image as it was used."""

    reference: str
    """What runs."""

    origin: str
    """`registry`, or `stand-in` when it was built here because no registry answers."""

    upstream: str
    """The reference in the settings."""


class ServiceOutput(TypedDict):
    """A service."""

    url: pulumi.Input[str]
    """URL of its first route in the first region; empty for a service without one."""

    image: pulumi.Input[str]
    """Name and tag of its image."""

    tracks: dict[str, pulumi.Input[int]]
    """Track to number of replicas over all regions."""

    migrations_image: NotRequired[pulumi.Input[str]]
    """Name and tag of the image that applies its SQL files; absent without them."""


class MySqlOutput(TypedDict):
    """The database; nothing here is a secret."""

    topology: str
    """`single`, `replica` or `group`."""

    primary: pulumi.Input[str]
    """Host and port of the primary, inside the stack; in a group, of the member that is the primary at first."""

    replicas: pulumi.Input[dict[str, str]]
    """Region to host and port of each other member."""

    members: pulumi.Input[dict[str, str]]
    """Region to host and port of every member, the one in a place without a region among them."""


class StackOutputs(TypedDict):
    """Everything that a stack exports."""

    url: pulumi.Input[str]
    """URL of the first region's ingress."""

    regions: dict[str, pulumi.Input[str]]
    """Region to URL of its ingress."""

    protected_regions: list[str]
    """Regions whose network, cluster, keys and data refuse to be removed, until a setting lifts that."""

    addresses: dict[str, pulumi.Input[str]]
    """Region to host and port at which its ingress is reached from where `up` ran, whatever its host names lead to."""

    services: dict[str, ServiceOutput]
    """Service to what is known of it."""

    consul: dict[str, pulumi.Input[str]]
    """Region to URL of its Consul UI."""

    dashboards: dict[str, pulumi.Input[str]]
    """Name to URL of a page for people: `console` and `grafana`, where the stack has them, and each region's Consul."""

    ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the ingress's certificate, PEM."""

    mysql: MySqlOutput
    """The database."""

    images: dict[str, ImageOutput]
    """Upstream images."""


def outputs(
    settings: Settings,
    *,
    url: pulumi.Input[str],
    ca_certificate: pulumi.Input[str],
    images: dict[str, ImageOutput],
    consul: Mapping[str, ConsulDatacenter],
    mysql: Database,
    service_images: Mapping[str, Mapping[str, Image]],
    services: Microservices,
    ingresses: Mapping[str, Ingress],
    telemetry: Telemetry | None,
) -> StackOutputs:
    """Return what a stack exports; nothing is created."""
    return {
        "url": url,
        "regions": {region: ingress.url for region, ingress in ingresses.items()},
        "protected_regions": settings.protected_regions(),
        "addresses": {region: ingress.address for region, ingress in ingresses.items()},
        "services": {
            name: _service(service, url, service_images[name], services[name])
            for name, service in settings.services.items()
        },
        "consul": {region: datacenter.http_url for region, datacenter in consul.items()},
        "dashboards": {
            **({CONSOLE_PAGE: telemetry.url} if telemetry is not None else {}),
            **_grafana(telemetry),
            **{f"consul-{region}": datacenter.http_url for region, datacenter in consul.items()},
        },
        "ca_certificate": ca_certificate,
        "mysql": {
            "topology": settings.mysql.topology,
            "primary": mysql.primary,
            "replicas": mysql.replicas,
            "members": mysql.members,
        },
        "images": images,
    }


def _grafana(telemetry: Telemetry | None) -> dict[str, pulumi.Input[str]]:
    if telemetry is None or telemetry.grafana_url is None:
        return {}
    return {GRAFANA_PAGE: telemetry.grafana_url}


def _service(
    service: ServiceSettings,
    url: pulumi.Input[str],
    images: Mapping[str, Image],
    tracks: Mapping[str, Mapping[str, Microservice]],
) -> ServiceOutput:
    path = next((route.path for route in service.routes if route.match != "regex"), None)
    output: ServiceOutput = {
        "url": pulumi.Output.concat(url, path) if path else "",
        "image": images[STABLE].reference,
        "tracks": {track: _replicas(regions) for track, regions in tracks.items()},
    }
    if MIGRATIONS in images:
        output["migrations_image"] = images[MIGRATIONS].reference
    return output


def _replicas(regions: Mapping[str, Microservice]) -> pulumi.Output[int]:
    return pulumi.Output.all(*(part.replicas for part in regions.values())).apply(lambda counts: sum(counts))
