"""What a stack is made of, as far as a picture of it needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict


class ShownRoute(TypedDict):
    """A path of the ingress."""

    path: str
    """The path, or the regular expression."""

    match: str
    """`exact`, `prefix` or `regex`."""


class ShownService(TypedDict):
    """A service in a region."""

    kind: str
    """`service` or `worker`."""

    tracks: Mapping[str, int]
    """Track to number of replicas in the region."""

    routes: Sequence[ShownRoute]
    """Its routes; none for a service that clients do not reach."""

    database: str
    """Schema that it uses, its own or another service's; empty for none."""


class ShownRegion(TypedDict):
    """A region."""

    ingress: str
    """URL of its ingress."""

    consul: Sequence[str]
    """Names of its Consul servers, as the label `instance` of metrics has them."""

    services: Mapping[str, ShownService]
    """Service to what of it runs there."""

    accessories: Sequence[str]
    """Accessories that run there."""


class ShownDatabase(TypedDict):
    """The database."""

    topology: str
    """`single`, `replica` or `group`."""

    primary: str
    """Region of the primary; of a group, of the member that is it at first."""

    members: Sequence[str]
    """Regions with a member, and the witness."""


class Architecture(TypedDict):
    """A stack."""

    regions: Mapping[str, ShownRegion]
    """Region to what runs there, the primary's first."""

    database: ShownDatabase
    """The database."""
