"""The namespace that is a region on Kubernetes."""

from __future__ import annotations

from components.names import namespace_name
from components.region.args import RegionReference


def namespace_of(region: RegionReference, other: str | None = None) -> str:
    """Return the name of a region's namespace, or of another region's of the same stack."""
    return namespace_name(region.get("namespace", "gostack"), other or region["region"])
