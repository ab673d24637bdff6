"""How other components refer to a region; `Region.reference` gives it."""

from typing import NotRequired, TypedDict

import pulumi


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

    namespace: NotRequired[str]
    """On Kubernetes: first part of the names of all namespaces of the stack."""
