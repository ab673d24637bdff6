"""Programs of tests beside a stack, on the network between its regions.

They have a label of their own and none of the stack: they are no part of it, and `up` would remove them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.integration.support import LiveStack
from tools.gostack.lifecycle.objects import StackObjects

LABEL = "gostack.tests.beside"
"""Label of their containers and images, with the name of the stack."""


@contextmanager
def image_of(stack: LiveStack, folder: Path) -> Iterator[str]:
    """An image with the files of a folder at its root, by its id."""
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="ascii")
    images = stack.objects.client.images
    image, _ = images.build(path=str(folder), labels={LABEL: stack.objects.stack})
    name = str(image.id)
    try:
        yield name
    finally:
        images.remove(name, force=True)


@contextmanager
def beside(stack: LiveStack, image: str, name: str, *command: str, **environment: str) -> Iterator[Container]:
    """A container that runs a command and is known to the stack by this name."""
    container = stack.objects.client.containers.create(
        image, list(command), environment=environment, labels={LABEL: stack.objects.stack}
    )
    try:
        backbone(stack).connect(container, aliases=[name])
        container.start()
        yield container
    finally:
        container.remove(force=True, v=True)


def backbone(stack: LiveStack) -> Any:
    """The network between the regions."""
    (found,) = [network for network in stack.objects.networks() if "backbone" in network.name]
    return found


def address(stack: LiveStack, container: Container) -> str:
    """Where a container is in it."""
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][backbone(stack).name]["IPAddress"])


def remove_beside(objects: StackObjects) -> None:
    """Remove what a run that was killed left, which keeps the stack's networks from being removed."""
    ours: dict[str, Any] = {"label": f"{LABEL}={objects.stack}"}
    for container in objects.client.containers.list(all=True, filters=ours, ignore_removed=True):
        container.remove(force=True, v=True)
    for image in objects.client.images.list(filters=ours):
        objects.client.images.remove(str(image.id), force=True)
