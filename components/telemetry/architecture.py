"""What a stack is made of, as far as a picture of it needs to know."""

from collections.abc import Sequence
from typing import TypedDict


class ShownRegion(TypedDict):
    """A region, or the failure domain of a MySQL group's witness."""

    name: str
    """Name of the region."""

    ingress: str
    """URL of its ingress; empty without one."""

    consul_servers: int
    """Number of its Consul servers."""


class ShownTrack(TypedDict):
    """One version of a service that serves."""

    name: str
    """`stable` or `canary`."""

    replicas: int
    """Number of replicas in each region."""


class ShownService(TypedDict):
    """A service."""

    name: str
    """Name of the service."""

    kind: str
    """`service` or `worker`."""

    regions: Sequence[str]
    """Regions that it runs in."""

    tracks: Sequence[ShownTrack]
    """Its tracks."""

    routes: Sequence[str]
    """Paths of its routes; none for a service that clients do not reach."""

    database: str
    """Schema that it uses, its own or another service's; empty for none."""


class ShownDatabase(TypedDict):
    """The database."""

    topology: str
    """`single`, `replica` or `group`."""

    primary_region: str
    """Region of the primary; of a group, of the member that is it at first."""

    members: Sequence[str]
    """Regions with a member, and the witness."""


class ShownAccessory(TypedDict):
    """An accessory."""

    name: str
    """Name of the accessory."""

    regions: Sequence[str]
    """Regions that it runs in."""


class Architecture(TypedDict):
    """A stack."""

    regions: Sequence[ShownRegion]
    """Its regions, the primary's first."""

    services: Sequence[ShownService]
    """Its services."""

    mysql: ShownDatabase
    """Its database."""

    accessories: Sequence[ShownAccessory]
    """Its accessories."""
