"""The composition: regions times services, and what every region needs. Written once, for every environment."""

from __future__ import annotations

from infra.context import begin
from infra.outputs import ImageOutput, StackOutputs
from infra.parts.database import database
from infra.parts.discovery import discovery
from infra.parts.exports import exports
from infra.parts.images import service_images
from infra.parts.ingresses import ingresses
from infra.parts.regions import places
from infra.parts.services import microservices
from infra.settings import Settings


def build_stack(stack: str, settings: Settings, images: dict[str, ImageOutput]) -> StackOutputs:
    """Register every resource of the stack and return what it exports."""
    context = begin(stack, settings, images)
    # A stack is a list of places. In each region Consul knows which instances live; one database serves all regions.
    regions = places(context)
    consul = discovery(context, regions)
    mysql = database(context, regions, consul)
    # Every service is an image, whose tracks run as replicas in each region, one region after the other.
    built = service_images(context)
    services = microservices(context, regions, consul, mysql, built)
    # Clients come in through one Nginx a region, which asks Consul where the replicas are.
    entries = ingresses(context, regions, consul, services)
    return exports(context, consul, mysql, built, services, entries)
