"""The images of the services: built from their source here, or built elsewhere."""

from __future__ import annotations

from typing import TypeAlias

from components.args import ServiceImageArgs
from infra.context import Context
from infra.platforms import Image
from infra.settings.services import ServiceSettings, Track

ServiceImages: TypeAlias = dict[str, dict[str, Image]]
"""Service to track to image."""


def service_images(context: Context) -> ServiceImages:
    """Make the image of every track of every service."""
    return {name: _tracks(context, name, service) for name, service in context.settings.services.items()}


def _tracks(context: Context, name: str, service: ServiceSettings) -> dict[str, Image]:
    """Return track to image; a canary that differs by its environment alone has the stable track's."""
    stable, *others = service.tracks()
    images = {stable.name: _image(context, name, service, stable)}
    for track in others:
        images[track.name] = _image(context, name, service, track) if track.has_source else images[stable.name]
    return images


def _image(context: Context, name: str, service: ServiceSettings, track: Track) -> Image:
    if track.image is not None:
        return context.platform.ReleasedImage(f"{name}{track.suffix}", {"reference": track.image}, None)
    arguments: ServiceImageArgs = {
        "service": name,
        "track": track.name,
        "context": track.context or "",
        "dockerfile": service.dockerfile,
        "main_package": service.main_package,
        "golang_image": context.images["golang"]["reference"],
        "labels": context.labels,
    }
    if context.settings.registry:
        arguments["registry"] = context.settings.registry
    return context.platform.ServiceImage(f"{name}{track.suffix}", arguments, None)
