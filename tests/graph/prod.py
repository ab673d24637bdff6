"""The prod stack's ground, recorded: what stands in AWS, with an ingress that is only a name."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import yaml

from components.options import given_dependencies
from infra.environments.aws import AwsFoundation
from infra.outputs import ImageOutput
from infra.settings import Settings, parse_settings
from infra.stack import build_stack
from tests.graph.recorder import Graph, record

PROJECT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]
Change = Callable[[Document], Any]

HOME, OTHER = "eu-central-1", "us-east-1"


def prod_settings(change: Change | None = None) -> Settings:
    """The published prod settings, changed."""
    document = yaml.safe_load((PROJECT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    values = {
        key.removeprefix("gostack:"): value
        for key, value in copy.deepcopy(document).items()
        if key.startswith("gostack:")
    }
    if change is not None:
        change(values)
    return parse_settings(values)


def prod_graph(change: Change | None = None, *, preview: bool = False, kept: Graph | None = None) -> Graph:
    """The whole prod stack, recorded."""
    settings = prod_settings(change)
    images: dict[str, ImageOutput] = {
        name: {"reference": reference, "origin": "registry", "upstream": reference}
        for name, reference in settings.images.references().items()
    }
    with contextlib.chdir(PROJECT / "infra"):
        return record(lambda: build_stack("prod", settings, images), stack="prod", preview=preview, kept=kept)


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
    """What the prod stack stands on, recorded."""
    settings = prod_settings(change)

    def program() -> dict[str, Any]:
        assert settings.aws is not None
        foundation = AwsFoundation("prod", settings, settings.aws)
        database = foundation.database("mysql:9.7")
        assert database is not None
        ingresses = {region: NamedIngress(region, foundation.options(region)) for region in settings.ordered_regions()}
        return {
            "url": foundation.publish(ingresses),  # type: ignore[arg-type]
            "primary": database.primary,
            "members": database.members,
            "writers": database.reference.get("writer_addresses"),
        }

    return record(program, stack="prod", preview=preview, kept=kept)
