"""The images that were built for a stack: the newest of each service stay, for `gostack rollback`."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import Any

from docker.errors import APIError

from tools.gostack.lifecycle.objects import StackObjects

KEPT_IMAGES = 5
"""Builds of a service that stay on the engine, the one that runs among them."""


def remove_old_images(objects: StackObjects) -> None:
    """Remove all builds of each service but the newest, and what a `gostack dev` that was killed left; one that a
    container uses stays whatever its age."""
    builds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    old: list[str] = []
    for image in objects.images():
        # What was pulled by its digest has no tag either.
        if not image.tags and not image.attrs.get("RepoDigests"):
            old.append(str(image.id))
        for tag in image.tags:
            builds[tag.rpartition(":")[0]].append((str(image.attrs["Created"]), tag))
    for found in builds.values():
        old += [tag for _, tag in sorted(found, reverse=True)[KEPT_IMAGES:]]
    for name in old:
        # Not forced: the engine refuses while a container uses it.
        with suppress(APIError):
            objects.client.images.remove(name)


def remove_images(objects: StackObjects) -> None:
    """Remove every image that was built for the stack."""
    for image in objects.images():
        images: Any = objects.client.images
        with suppress(APIError):
            images.remove(image.id, force=True)
