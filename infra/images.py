"""Which image really runs for each upstream name."""

from __future__ import annotations

from pathlib import Path

from bootstrap.images_lock import load_images_lock
from infra.outputs import ImageOutput
from infra.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent


def resolved_images(settings: Settings, project: Path = PROJECT) -> dict[str, ImageOutput]:
    """Return short name to image: the one that `make up` found or built, else the upstream one behind the mirror."""
    built = load_images_lock(project)
    resolved: dict[str, ImageOutput] = {}
    for name, upstream in settings.images.references().items():
        found = built.get(name)
        if found is not None and found.upstream == upstream:
            resolved[name] = {"reference": found.reference, "origin": found.origin, "upstream": upstream}
        else:
            resolved[name] = {
                "reference": f"{settings.images.registry}{upstream}",
                "origin": "registry",
                "upstream": upstream,
            }
    return resolved
