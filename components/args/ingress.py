"""The ingress of a region: its routes, its canaries and its load balancer."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args.consul import ConsulReference
from components.args.regions import RegionReference
from components.ingress.configuration import IngressConfiguration


class LoadBalancerArgs(TypedDict):
    """What the load balancer of a cluster is told beside its ports."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its Service."""

    load_balancer_class: NotRequired[str]
    """Class of the controller that makes it; the cluster's default when it is not given."""

    host: NotRequired[str]
    """Host name by which this region, and no other, is reached; the first of the configuration's hosts by default."""

    outside: NotRequired[pulumi.Input[str]]
    """Host name of a load balancer that is made outside of the cluster and leads to the pods themselves; given, the
    cluster makes none."""

    drain_seconds: NotRequired[int]
    """Time in seconds that it needs to notice that a pod goes; 5 when it is not given."""


class IngressArgs(TypedDict):
    """Inputs of a region's ingress."""

    region: RegionReference
    """Region that it leads into."""

    consul: ConsulReference
    """Datacenter that knows the replicas."""

    image: pulumi.Input[str]
    """Image of Nginx, 1.28 or newer."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    configuration: IngressConfiguration
    """Routes, hosts, and how Nginx is sized. A part of the settings as it is: for programs in Python."""

    certificate: pulumi.Input[str]
    """Certificate for the configuration's hosts, PEM, with what it takes to verify it."""

    private_key: pulumi.Input[str]
    """Its private key, PEM (secret)."""

    bind_addresses: Sequence[str]
    """On Docker: addresses of this machine on which the ports listen."""

    http_port: int
    """Port that redirects to the one for TLS."""

    memory_mib: int
    """Memory limit in MiB."""

    load_balancer: NotRequired[LoadBalancerArgs]
    """On Kubernetes: what the load balancer is told beside its ports."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""
