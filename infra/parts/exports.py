"""What a stack exports."""

from __future__ import annotations

import pulumi

from components.ingress.tracks import STABLE
from infra.context import Context
from infra.foundation import Database
from infra.outputs import ServiceOutput, StackOutputs
from infra.parts.discovery import Datacenters
from infra.parts.images import ServiceImages
from infra.parts.ingresses import Ingresses
from infra.parts.services import Microservices
from infra.platforms import Microservice
from infra.settings.services import ServiceSettings


def exports(
    context: Context,
    consul: Datacenters,
    mysql: Database,
    images: ServiceImages,
    services: Microservices,
    ingresses: Ingresses,
) -> StackOutputs:
    """Publish the ingresses and return the outputs; see `infra/outputs.py` for the meaning of each."""
    url = context.foundation.publish(ingresses)
    return {
        "url": url,
        "regions": {region: ingress.url for region, ingress in ingresses.items()},
        "protected_regions": context.settings.protected_regions(),
        "addresses": {region: ingress.address for region, ingress in ingresses.items()},
        "services": {
            name: _service(service, url, images[name][STABLE].reference, services[name])
            for name, service in context.settings.services.items()
        },
        "consul": {region: datacenter.http_url for region, datacenter in consul.items()},
        "dashboards": {f"consul-{region}": datacenter.http_url for region, datacenter in consul.items()},
        "ca_certificate": context.authority.certificate,
        "mysql": {
            "topology": context.settings.mysql.topology,
            "primary": mysql.primary,
            "replicas": mysql.replicas,
            "members": mysql.members,
        },
        "images": context.images,
    }


def _service(
    service: ServiceSettings,
    url: pulumi.Input[str],
    image: pulumi.Input[str],
    tracks: dict[str, dict[str, Microservice]],
) -> ServiceOutput:
    path = next((route.path for route in service.routes if route.match != "regex"), None)
    return {
        "url": pulumi.Output.concat(url, path) if path else "",
        "image": image,
        "tracks": {track: _replicas(regions) for track, regions in tracks.items()},
    }


def _replicas(regions: dict[str, Microservice]) -> pulumi.Output[int]:
    return pulumi.Output.all(*(part.replicas for part in regions.values())).apply(lambda counts: sum(counts))
