"""Image references."""

from __future__ import annotations


def image_version(reference: str) -> str:
    """Return the tag of an image reference, or the first digits of its digest when it has one."""
    name, _, digest = reference.partition("@")
    if digest:
        return digest.removeprefix("sha256:")[:12]
    return name.rsplit("/", 1)[-1].partition(":")[2]
