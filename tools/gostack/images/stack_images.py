"""Which images a deployed stack has, as its state knows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.gostack.exported_state import resources_of
from tools.gostack.lifecycle.workspace import PulumiError, Workspace

_COMPONENTS = {"gostack:index:ServiceImage": True, "gostack:index:ReleasedImage": False}
_PUSHED = "docker:index/registryImage:RegistryImage"


@dataclass(frozen=True)
class StackImage:
    """An image that a stack runs."""

    name: str
    """Its component's: the service's, with `-canary` or `-migrations` behind it for its other images."""

    reference: str
    """Name and digest in a registry, or the identity, `sha256:…`, of one that only the Docker engine has."""

    built: bool
    """Whether the stack builds it; others were built elsewhere."""

    @property
    def source(self) -> str:
        """The image as syft is told of it."""
        return f"registry:{self.reference}" if "@" in self.reference else f"docker:{self.reference}"


def stack_images(state: Mapping[str, Any]) -> list[StackImage]:
    """Return the images of services in an exported deployment, by name."""
    return sorted({image.name: image for image in _images(state)}.values(), key=lambda image: image.name)


def chosen_images(workspace: Workspace, name: str | None, *, built: bool = False) -> list[StackImage]:
    """Return one image of a deployed stack, or all of them, or all that it builds; raises PulumiError for none.

    One that is named with its digest need not be the stack's yet.
    """
    if name is not None and "@sha256:" in name:
        return [StackImage(name.partition("@")[0].rpartition("/")[2], name, built=True)]
    found = stack_images(workspace.state())
    names = [image.name for image in found]
    if name is not None and name not in names:
        known = f"write one of {', '.join(names)}" if names else f"run `gostack up --stack {workspace.stack}` first"
        raise PulumiError(f"the stack {workspace.stack} has no image {name}: {known}.")
    chosen = [image for image in found if name in (None, image.name) and (image.built or not built)]
    if not chosen:
        kind = "image that it builds" if built else "image"
        raise PulumiError(f"the stack {workspace.stack} has no {kind}{f' {name}' if name else ''}: nothing is done.")
    return chosen


def _images(state: Mapping[str, Any]) -> Iterator[StackImage]:
    for resource in resources_of(state):
        # The one before, which an update that failed has not deleted yet.
        if resource.get("delete"):
            continue
        types, _, name = resource["urn"].rpartition("::")
        kind = types.rpartition("::")[2].rpartition("$")[2]
        outputs: Mapping[str, Any] = resource.get("outputs") or {}
        if kind in _COMPONENTS and "image_id" in outputs:
            yield StackImage(name, str(outputs["image_id"]), _COMPONENTS[kind])
        elif kind == _PUSHED and outputs.get("sha256Digest"):
            # Known before its component is, whose outputs wait for a signature.
            repository = str(outputs["name"]).rpartition(":")[0]
            yield StackImage(name.removesuffix("-push"), f"{repository}@{outputs['sha256Digest']}", built=True)
