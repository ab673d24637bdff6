"""The images that others give and those of the stack's own services."""

from collections.abc import Mapping
from typing import TypedDict

from components.args import StackArgs
from components.images.build_options import BuildOptions


class UpstreamImagesArgs(TypedDict):
    """Inputs of the upstream images."""

    references: Mapping[str, str]
    """Short name to image reference."""


class ServiceImageArgs(StackArgs):
    """Inputs of a service's image."""

    service: str
    """Name of the service."""

    track: str
    """Track that it is for. Each has a name of its own: when a canary goes, the stable track's image must not."""

    context: str
    """Folder of the source, relative to the project or absolute."""

    dockerfile: str
    """Dockerfile, relative to the project or absolute."""

    build: BuildOptions
    """How it is built."""

    main_package: str
    """Go package of the program, relative to `context`."""

    golang_image: str
    """Image of the Go toolchain that builds the program."""


class ReleasedImageArgs(TypedDict):
    """Inputs of a service's image that was built elsewhere."""

    reference: str
    """Name with a fixed tag or a digest."""
