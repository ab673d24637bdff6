"""What a scheduler on Docker must know: an image of others does not tell which program is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.images.build_options import DEFAULT_DOCKERFILE

if TYPE_CHECKING:
    from infra.settings.model import Settings


def schedules_problem(settings: Settings) -> str:
    """Return one sentence about the first service whose schedules cannot run on the platform; else ""."""
    for name, service in settings.services.items():
        ours = service.context is not None and service.dockerfile == DEFAULT_DOCKERFILE
        if settings.platform == "docker" and service.schedules and not ours and service.command is None:
            return (
                f"gostack:services.{name}.command is missing: its schedules run a program of an image that is not "
                'built by the default Dockerfile, so write which one, like ["/app/shop"].'
            )
    return ""
