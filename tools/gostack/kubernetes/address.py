"""Addresses that a stack tells and only its cluster reaches."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class ServiceAddress(NamedTuple):
    """Where a Service of a cluster is."""

    service: str
    namespace: str
    port: int | None


def inside_cluster(url: str) -> ServiceAddress | None:
    """Return where a URL leads inside a cluster, by its name `<service>.<namespace>.svc`; None for any other."""
    address = urlsplit(url)
    host = address.hostname or ""
    if not host.endswith(".svc"):
        return None
    service, namespace, _ = host.split(".")
    return ServiceAddress(service, namespace, address.port)
