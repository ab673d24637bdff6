"""The foundation of a stack on one machine: its Docker engine, and a network between the regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.args import LoadBalancerArgs
from components.docker import Backbone
from infra.foundation import Database, first_url
from infra.labels import stack_labels
from infra.platforms import Ingress
from infra.settings import Settings


class EngineFoundation:
    """One Docker engine, which is every region's; the stack runs its own database."""

    def __init__(self, stack: str, settings: Settings) -> None:
        self._settings = settings
        self._backbone = Backbone("backbone", {"cidr": settings.backbone.cidr, "labels": stack_labels(stack)})

    def backbone(self) -> pulumi.Input[str]:
        """Return the network that every region joins."""
        return self._backbone.network

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options without a provider: there is one engine."""
        del region
        return pulumi.ResourceOptions(depends_on=list(depends_on) or None)

    def joined(self, region: str) -> list[str]:
        """Return all other regions: the backbone leads to each."""
        return [other for other in self._settings.ordered_regions() if other != region]

    def database(self, client_image: pulumi.Input[str]) -> Database | None:
        """Return None: the stack runs its own."""
        del client_image
        return None

    def load_balancer(self, region: str) -> LoadBalancerArgs | None:
        """Return None: ports of this machine lead to the ingress."""
        del region
        return None

    def publish(self, ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
        """Return the first region's URL."""
        return first_url(ingresses)
