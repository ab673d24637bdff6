"""The ingress of a region: its routes, its canaries and its load balancer."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args.consul import ConsulReference
from components.args.regions import RegionReference


class RouteArgs(TypedDict):
    """One path of the ingress; see `infra.settings.services.RouteSettings` for the meaning of each."""

    path: str
    """Path or regular expression."""

    match: str
    """`exact`, `prefix` or `regex`."""

    service: str
    """Service that answers."""

    idempotent: bool
    """True when a POST may be repeated."""

    static: bool
    """True when clients may keep the answer for a year."""

    body_limit_kib: int
    """Largest request body in KiB."""

    rate_limit_per_second: int
    """Requests a second and client; 0 is no limit."""

    rate_limit_burst: int
    """Requests that may exceed the rate."""

    timeout_seconds: int
    """Longest wait in seconds for a response."""

    per_try_timeout_seconds: int
    """Wait in seconds after which a GET or HEAD is asked of another replica; 0 is no shorter wait."""

    write_per_try_timeout_seconds: int
    """Wait in seconds after which a write that may be repeated is asked of another replica; 0 is no shorter wait."""


class HeaderMatchArgs(TypedDict):
    """A request header that leads to a canary."""

    header: str
    """Name of the header."""

    value: str
    """Its value."""


class CanaryArgs(TypedDict):
    """The share of a service's requests that its canary gets."""

    weight: int
    """Share of the clients in percent, 0 to 100."""

    matches: Sequence[HeaderMatchArgs]
    """Headers that lead there whatever the weight."""


class LoadBalancerArgs(TypedDict):
    """What the load balancer of a cluster is told beside its ports."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its Service."""

    load_balancer_class: NotRequired[str]
    """Class of the controller that makes it; the cluster's default when it is not given."""

    host: NotRequired[str]
    """Host name by which this region, and no other, is reached; the first of `IngressArgs.hosts` by default."""

    outside: NotRequired[pulumi.Input[str]]
    """Host name of a load balancer that is made outside of the cluster and leads to the pods themselves; given, the
    cluster makes none."""

    drain_seconds: NotRequired[int]
    """Time in seconds that it needs to notice that a pod goes; 5 when it is not given."""


class IngressArgs(TypedDict):
    """Inputs of a region's ingress."""

    region: RegionReference
    """Region that it leads into."""

    other_regions: Sequence[str]
    """Regions that take over when no replica is left here, in this order."""

    consul: ConsulReference
    """Datacenter that knows the replicas."""

    image: pulumi.Input[str]
    """Image of Nginx, 1.28 or newer."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    hosts: Sequence[str]
    """Host names and addresses that are served."""

    routes: Sequence[RouteArgs]
    """Paths and the services behind them."""

    canaries: Mapping[str, CanaryArgs]
    """Service to its canary, for those that have one."""

    certificate: pulumi.Input[str]
    """Certificate for `hosts`, PEM, with what it takes to verify it."""

    private_key: pulumi.Input[str]
    """Its private key, PEM (secret)."""

    bind_address: str
    """On Docker: address of this machine on which the ports listen."""

    https_port: int
    """Port for TLS: of this machine on Docker, of the load balancer on Kubernetes."""

    http_port: int
    """Port that redirects to the one for TLS."""

    worker_connections: int
    """Connections of an Nginx worker."""

    load_balancer: NotRequired[LoadBalancerArgs]
    """On Kubernetes: what the load balancer is told beside its ports."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
