"""Which region a recorded resource belongs to, by its provider and by its component."""

from __future__ import annotations

from tests.graph.prod import HOME, OTHER
from tests.graph.recorder import Graph, Registered

REGIONS = (HOME, OTHER)


def provider_region(graph: Graph, item: Registered) -> str:
    """Region of the AWS provider, or of the cluster whose Kubernetes provider it is."""
    provider = graph.resources[item.provider.split("::")[-2]]
    return provider.plain("region") or next(region for region in REGIONS if region in provider.name)


def component_region(graph: Graph, item: Registered) -> str | None:
    """Region in the name of the outermost component; None for what exists once."""
    outermost = item
    while outermost.parent:
        outermost = graph.resources[outermost.parent]
    return next((region for region in REGIONS if outermost.name.endswith(region)), None)
