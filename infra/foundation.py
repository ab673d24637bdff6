"""What a stack stands on: engines or clusters, the network between them, perhaps a database, the address for clients.

A platform (Docker, Kubernetes) says what a region is made of; a foundation says where those parts are put. The
composition asks it and never looks at what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi

from components.args import LoadBalancerArgs, MySqlReference
from infra.platforms import Ingress


@dataclass(frozen=True)
class Database:
    """A database, whoever runs it."""

    reference: MySqlReference
    """How services reach it; whoever uses it waits for what it needs."""

    primary: pulumi.Input[str]
    """Host and port of the member that takes writes."""

    replicas: pulumi.Input[dict[str, str]]
    """Place to host and port of each other member."""

    members: pulumi.Input[dict[str, str]]
    """Place to host and port of every member."""

    resources: Sequence[pulumi.Resource] = ()
    """What must be there before anybody reads from the nearest member."""


class Foundation(Protocol):
    """What a stack stands on."""

    def backbone(self) -> pulumi.Input[str]:
        """Return the identity of the network between the regions; empty where the platform has none of its own."""
        ...

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of every part of a region: the provider of its cluster, and what it waits for."""
        ...

    def joined(self, region: str) -> list[str]:
        """Return the other regions whose instances this one can reach, nearest first; empty where each region is a
        failure domain of its own, and clients are moved by DNS."""
        ...

    def database(self, client_image: pulumi.Input[str]) -> Database | None:
        """Return a database that is run for the stack, or None when the stack runs its own members.

        `client_image` is an image with MySQL's client, by which accounts are made.
        """
        ...

    def load_balancer(self, region: str) -> LoadBalancerArgs | None:
        """Return what the region's load balancer is told beside its ports; None for nothing."""
        ...

    def publish(self, ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
        """Make the ingresses of the regions (first one first) reachable under one address and return its URL."""
        ...


def first_url(ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
    """Return the URL of the first region's ingress: the address of a stack without a global one."""
    return next(iter(ingresses.values())).url
