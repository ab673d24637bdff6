"""What the prod stack has in AWS, recorded, with an ingress that is only a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.options import given_dependencies
from infra.platforms.aws.platform import AwsPlatform
from infra.settings import Settings
from tests.graph.conftest import Document, published_settings, recorded
from tests.graph.recorder import Graph, record

Change = Callable[[Document], Any]

HOME, OTHER = "eu-central-1", "us-east-1"


def prod_settings(change: Change | None = None) -> Settings:
    """The published prod settings, changed."""
    return published_settings("prod", change)


def prod_graph(change: Change | None = None, *, preview: bool = False, kept: Graph | None = None) -> Graph:
    """The whole prod stack, recorded."""
    return recorded(prod_settings(change), stack="prod", preview=preview, kept=kept)


class NamedIngress(pulumi.ComponentResource):
    """An ingress, as far as AWS needs to know it."""

    def __init__(self, region: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("test:index:Ingress", f"ingress-{region}", {}, opts)
        service = kubernetes.core.v1.Service(
            f"ingress-{region}-service",
            metadata={"namespace": f"gostack-prod-{region}"},
            spec={"ports": [{"port": 443}]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=given_dependencies(opts)),
        )
        self.namespace = service.metadata.namespace
        self.service = service.metadata.name
        self.register_outputs({})


def ground(change: Change | None = None, *, preview: bool = False, kept: Graph | None = None) -> Graph:
    """What the prod stack provisions, recorded."""
    settings = prod_settings(change)

    def program() -> dict[str, Any]:
        assert settings.aws is not None
        platform = AwsPlatform("prod", settings, settings.aws)
        platform.provision()
        database = platform.mysql("mysql", {"image": "mysql:9.7"}, platform.options(HOME))  # type: ignore[typeddict-item]
        ingresses = {region: NamedIngress(region, platform.options(region)) for region in settings.ordered_regions()}
        return {
            "url": platform.dns(ingresses),  # type: ignore[arg-type]
            "primary": database.primary,
            "members": database.members,
            "writers": database.reference.get("writer_addresses"),
        }

    return record(program, stack="prod", preview=preview, kept=kept)
