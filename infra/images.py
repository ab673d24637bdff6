"""Which image really runs for each upstream name."""

from __future__ import annotations

import re
from pathlib import Path

from infra.images_lock import NOT_PULLED, ResolvedImage, load_images_lock, load_pushed
from infra.outputs import ImageOutput
from infra.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent


def resolved_images(settings: Settings, project: Path = PROJECT) -> dict[str, ImageOutput]:
    """Return short name to image: the one that `make up` found or built, else the upstream one behind the mirror."""
    built = load_images_lock(project)
    pushed = load_pushed(project) if settings.platform == "kubernetes" else {}
    resolved: dict[str, ImageOutput] = {}
    for name, upstream in settings.third_party_images().items():
        found = built.get(name)
        reference = None
        if found is not None and found.upstream == upstream:
            reference = found.reference if settings.platform == "docker" else _pulled(name, found, pushed, settings)
        if found is not None and reference is not None:
            resolved[name] = {"reference": reference, "origin": found.origin, "upstream": upstream}
        else:
            resolved[name] = {
                "reference": f"{settings.images.registry}{upstream}",
                "origin": "registry",
                "upstream": upstream,
            }
    return resolved


def golang_image(image: ImageOutput, version: str | None) -> str:
    """Return the image that compiles a program with this version of Go, with the one of the settings for None.

    Where no tag can be chosen, because the image was built here or has a digest, the build gets the version itself.
    """
    name, colon, tag = image["reference"].rpartition(":")
    numbers = re.match(r"1\.\d+(\.\d+)?", tag)
    if version is None or image["origin"] == "stand-in" or "@" in name or numbers is None:
        return image["reference"]
    return f"{name}{colon}{version}{tag[numbers.end() :]}"


def _pulled(name: str, found: ResolvedImage, pushed: dict[str, str], settings: Settings) -> str | None:
    """What a cluster's nodes pull: a stand-in that was pushed for them, or what its publisher calls the image that this
    machine pulled, whatever the tag means by then; None for what only its publisher knows."""
    if name in NOT_PULLED:
        # Go builds an image on this machine.
        return found.reference
    if found.origin == "stand-in":
        return pushed.get(found.image_id)
    pinned = "@" in found.upstream or not found.digest
    return None if pinned else f"{settings.images.registry}{found.upstream}@{found.digest}"
