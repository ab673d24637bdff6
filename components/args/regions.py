"""A region and the network between regions: what they take, and how others refer to one."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi


class BackboneArgs(TypedDict):
    """Inputs of the network between the regions."""

    cidr: str
    """Network in CIDR notation."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class QuotaArgs(TypedDict):
    """The most that all pods of a region may ask for together."""

    cpu_requests: float
    """Cores that pods may request."""

    cpu_limits: float
    """Cores to which they may be limited."""

    memory_requests_mib: int
    """Memory in MiB that pods may request."""

    memory_limits_mib: int
    """Memory in MiB to which they may be limited."""

    pods: int
    """Number of pods that have not ended."""

    storage_gib: int
    """Storage in GiB that claims may request."""


class RegionArgs(TypedDict):
    """Inputs of a region."""

    region: str
    """Name of the region."""

    cidr: str
    """Network of the region in CIDR notation, /16 to /24; must not overlap with another one. Empty on a platform that
    assigns addresses itself."""

    backbone_network: pulumi.Input[str]
    """`Backbone.network`; empty on a platform without."""

    backbone_cidr: str
    """Network of the backbone in CIDR notation; empty on a platform that assigns addresses itself."""

    namespace: NotRequired[str]
    """On Kubernetes: first part of the name of the region's namespace, `<namespace>-<region>`."""

    quota: NotRequired[QuotaArgs]
    """On Kubernetes: the most that the region's pods may ask for together."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


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
