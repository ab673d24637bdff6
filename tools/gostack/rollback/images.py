"""Whether an image is still there, without building or releasing anything."""

from __future__ import annotations

from typing import Any

from docker.errors import APIError, ImageNotFound

from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.crane import crane_of


def is_there(workspace: Workspace, image: str) -> bool:
    """Return whether what runs the stack can get an image: its engine has it, or a registry does."""
    if workspace.settings.platform != "docker":
        try:
            return bool(crane_of(workspace)(["digest", image], "").strip())
        except PulumiError:
            return False
    return on_engine(StackObjects.of(workspace.stack, workspace.variables), image)


def on_engine(objects: StackObjects, image: str) -> bool:
    """Return whether the engine has an image, or its registry gives it."""
    images: Any = objects.client.images
    try:
        images.get(image)
    except ImageNotFound:
        try:
            images.get_registry_data(image)
        except APIError:
            return False
    return True
