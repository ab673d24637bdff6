"""How other components refer to a region; `Region.reference` gives it."""

from typing import NotRequired, TypedDict

import pulumi

from components.names import namespace_name


class RegionReference(TypedDict):
    """A region as the other components need to know it; `Region.reference` gives it."""

    region: str
    """Name of the region."""

    cidr: str
    """Network of the region in CIDR notation; empty on a platform that assigns addresses itself."""

    network: pulumi.Input[str]
    """Identity of the region's network on the platform: on Kubernetes the name of its namespace."""

    backbone_cidr: str
    """Network of the backbone in CIDR notation; empty on a platform that assigns addresses itself."""

    backbone_network: pulumi.Input[str]
    """Identity of the backbone on the platform; empty on a platform without."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    namespace: NotRequired[str]
    """On Kubernetes: first part of the names of all namespaces of the stack."""

    storage_class: NotRequired[str]
    """On Kubernetes: storage class of the disks that name none; the cluster's default when it is not given."""


def namespace_of(region: RegionReference, other: str | None = None) -> str:
    """Return the name of a region's namespace on Kubernetes, or of another region's of the same stack."""
    return namespace_name(region.get("namespace", "gostack"), other or region["region"])
