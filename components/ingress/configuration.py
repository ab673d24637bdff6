"""What Nginx's configuration of one region is rendered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.ingress.login import Login
from components.ingress.route import Route
from components.ingress.site import Site
from components.ingress.tracks import CanaryTraffic


@dataclass(frozen=True)
class IngressConfiguration:
    """Everything that the configuration of one region's ingress depends on."""

    region: str
    """The region, which is also the name of its Consul datacenter."""

    other_regions: Sequence[str]
    """Regions that take over when no replica is left in this one, in this order."""

    hosts: Sequence[str]
    """Host names and addresses that are served."""

    https_port: int
    """Port that clients use, for redirects."""

    routes: Mapping[str, Sequence[Route]]
    """Service to its routes."""

    canaries: Mapping[str, CanaryTraffic] = field(default_factory=dict[str, CanaryTraffic])
    """Service to the share of its canary, for those that have one."""

    internal: Mapping[str, Route] = field(default_factory=dict[str, Route])
    """Name by which other services call a service, or its port that the route names, to the rules for their
    requests."""

    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    """Service to the requests a second that are let through to it, for those with a limit."""

    maintenance: Sequence[str] = ()
    """Services whose routes the ingress answers itself, with 503."""

    trusted_proxies: Sequence[str] = ()
    """Networks in CIDR notation whose `X-Forwarded-For` tells who the client is."""

    challenges: str = ""
    """Docker only: host and port that answers the challenges of http-01 (ACME); empty where nobody does."""

    sites: Mapping[str, Site] = field(default_factory=dict[str, Site])
    """Host to what is special about it."""

    certified: Sequence[str] = ()
    """Hosts with a certificate of their own, in the files `certificate_file` and `key_file`."""

    logins: Mapping[str, Login] = field(default_factory=dict[str, Login])
    """Name to the logins that routes ask for."""

    nameless_clients: bool = False
    """Whether TLS clients that name no host are answered: a load balancer in front names none."""

    worker_processes: int = 2
    """Nginx workers."""

    worker_connections: int = 1024
    """Connections of a worker, to clients and to replicas together."""

    @property
    def concurrent_requests(self) -> int:
        """Requests at once; each takes a connection to its client and one to a replica. More get 503."""
        return self.worker_processes * self.worker_connections // 2


def certificate_file(host: str) -> str:
    """Return the file of a release with the certificate of a host that has its own."""
    return f"site-{host}-certificate.pem"


def key_file(host: str) -> str:
    """Return the file of a release with its private key."""
    return f"site-{host}-key.pem"


def client_ca_file(host: str) -> str:
    """Return the file of a release with the authorities of the certificates of a host's clients."""
    return f"site-{host}-clients.pem"


def users_file(login: str) -> str:
    """Return the file of a release with the names and hashes of a login of kind `basic`."""
    return f"login-{login}.htpasswd"


FIXED_MIB = 96
REQUEST_MIB = 0.25
CONNECTION_MIB = 0.06


def memory_needed_mib(worker_processes: int, worker_connections: int) -> int:
    """Return the memory in MiB that Nginx takes when every connection is in use.

    A request holds at most 64 KiB of its body, as much of an HTTP/2 stream, 64 KiB of the answer and its headers; a TLS
    connection holds its buffers. What is larger is streamed, so it does not count.
    """
    connections = worker_processes * worker_connections
    return round(FIXED_MIB + connections / 2 * REQUEST_MIB + connections * CONNECTION_MIB)
