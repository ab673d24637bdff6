"""What the ingress's nginx configuration is rendered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.rendering.nginx_tracks import Canary


@dataclass(frozen=True)
class Route:
    """One path of the ingress and how requests to it are handled."""

    path: str
    match: Literal["exact", "prefix", "regex"]
    service: str
    idempotent: bool
    static: bool
    body_limit_kib: int
    rate_limit_per_second: int
    rate_limit_burst: int
    timeout_seconds: int
    per_try_timeout_seconds: int
    write_per_try_timeout_seconds: int


@dataclass(frozen=True)
class IngressModel:
    """Everything that the configuration of one region's ingress depends on."""

    region: str
    """The region, which is also the name of its Consul datacenter."""

    other_regions: Sequence[str]
    """Regions that take over when no replica is left in this one, in this order."""

    hosts: Sequence[str]
    """Host names that are served."""

    https_port: int
    """Port that clients use, for redirects."""

    routes: Sequence[Route]
    worker_connections: int

    canaries: Mapping[str, Canary] = field(default_factory=dict[str, Canary])
    """Service to its second track, for those that have one."""
