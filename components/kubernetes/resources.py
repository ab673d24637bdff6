"""What the containers of each pod ask for and get at most, and how many pods there are while an update goes on.

The objects of the cluster take these numbers from here, and so do the settings, which add them up for a region's quota.
"""

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True)
class Resources:
    """What a container asks for and what it gets at most."""

    cpu_request: float
    """Cores that the node must have free."""

    memory_request_mib: int
    """Memory in MiB that the node must have free."""

    cpu_limit: float
    """Cores at most."""

    memory_limit_mib: int
    """Memory in MiB at most."""

    disk_limit_mib: int = 512
    """Disk of the node in MiB at most, for logs and what it writes outside of claims."""


SURGE = 1
"""Pods of a Deployment that an update makes beyond its number."""

JOB = Resources(cpu_request=0.05, memory_request_mib=64, cpu_limit=1, memory_limit_mib=256)
"""A job: accounts of the database, migrations of a service."""


@dataclass(frozen=True)
class Demand:
    """What pods can ask for and get together at the most, in the units of a quota."""

    cpu_requests: float = 0
    """Cores that they can request."""

    cpu_limits: float = 0
    """Cores to which they can be limited."""

    memory_requests_mib: int = 0
    """Memory in MiB that they can request."""

    memory_limits_mib: int = 0
    """Memory in MiB to which they can be limited."""

    pods: int = 0
    """Their number."""

    storage_gib: int = 0
    """Storage in GiB that their claims request."""

    def __add__(self, other: Self) -> Self:
        """Return the demand of both."""
        # A millicore is the smallest part of a core that Kubernetes knows: sums stay exact.
        return type(self)(*(round(getattr(self, item.name) + getattr(other, item.name), 3) for item in fields(self)))

    def times(self, number: int) -> Self:
        """Return the demand of so many."""
        return type(self)(*(round(getattr(self, item.name) * number, 3) for item in fields(self)))


def pod_demand(*containers: Resources, storage_gib: int = 0) -> Demand:
    """Return the demand of a pod with these containers, sidecars among them, and a disk of this size in GiB."""
    one = Demand(pods=1, storage_gib=storage_gib)
    for item in containers:
        one += Demand(item.cpu_request, item.cpu_limit, item.memory_request_mib, item.memory_limit_mib)
    return one
