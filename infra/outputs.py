"""The outputs that every stack exports. Tests and tools read these, never the names of containers."""

from __future__ import annotations

from typing import TypedDict

import pulumi


class ImageOutput(TypedDict):
    """An upstream image as it was used."""

    reference: str
    """What runs."""

    origin: str
    """`registry`, or `stand-in` when it was built here because no registry answers."""

    upstream: str
    """The reference in the settings."""


class ServiceOutput(TypedDict):
    """A service."""

    url: pulumi.Input[str]
    """URL of its first route in the first region; empty for a service without one."""

    image: pulumi.Input[str]
    """Name and tag of its image."""

    tracks: dict[str, pulumi.Input[int]]
    """Track to number of replicas over all regions."""


class MySqlOutput(TypedDict):
    """The database; nothing here is a secret."""

    topology: str
    """`single`, `replica` or `group`."""

    primary: pulumi.Input[str]
    """Host and port of the primary, inside the stack; in a group, of the member that is the primary at first."""

    replicas: pulumi.Input[dict[str, str]]
    """Region to host and port of each other member."""

    members: pulumi.Input[dict[str, str]]
    """Region to host and port of every member, the one in a place without a region among them."""


class StackOutputs(TypedDict):
    """Everything that a stack exports."""

    url: pulumi.Input[str]
    """URL of the first region's ingress."""

    regions: dict[str, pulumi.Input[str]]
    """Region to URL of its ingress."""

    protected_regions: list[str]
    """Regions whose network, cluster, keys and data refuse to be removed, until a setting lifts that."""

    addresses: dict[str, pulumi.Input[str]]
    """Region to host and port at which its ingress is reached from where `up` ran, whatever its host names lead to."""

    services: dict[str, ServiceOutput]
    """Service to what is known of it."""

    consul: dict[str, pulumi.Input[str]]
    """Region to URL of its Consul UI."""

    dashboards: dict[str, pulumi.Input[str]]
    """Name to URL of a page for people."""

    ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the ingress's certificate, PEM."""

    mysql: MySqlOutput
    """The database."""

    images: dict[str, ImageOutput]
    """Upstream images."""
