"""Image references."""

from __future__ import annotations

import re


def image_version(reference: str) -> str:
    """Return the tag of an image reference, or the first digits of its digest when it has one."""
    name, _, digest = reference.partition("@")
    if digest:
        return digest.removeprefix("sha256:")[:12]
    return name.rsplit("/", 1)[-1].partition(":")[2]


DOCKER_HUB = "docker.io"
"""The registry of a name that has no host."""

DOCKER_HUB_NAMES = r"docker\.io/|[^/]+$|[^/.:]+/"
"""Pattern of the beginning of such a name: `nginx:1.30`, `valkey/valkey`; a host has a dot or a port."""


def from_registry(reference: str, registry: str) -> bool:
    """Whether an image is from a registry, host[:port][/prefix]."""
    if registry == DOCKER_HUB:
        return re.match(DOCKER_HUB_NAMES, reference) is not None
    return reference.startswith(f"{registry}/")
