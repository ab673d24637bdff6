"""What a scheduler on Docker must know: an image of others does not tell which program is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.images.build_options import DEFAULT_DOCKERFILE

if TYPE_CHECKING:
    from infra.settings.model import Settings


def schedule_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each service whose schedules cannot run on the platform."""
    for name, service in settings.services.items():
        ours = service.context is not None and service.dockerfile == DEFAULT_DOCKERFILE
        if settings.platform == "docker" and service.schedules and not ours and service.command is None:
            yield (
                f"gostack:services.{name}.command is missing: its schedules run a program of an image that is not "
                'built by the default Dockerfile, so write which one, like ["/app/shop"].'
            )
