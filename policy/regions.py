"""In which region a resource belongs, by the component that it is part of, and in which its provider works."""

from __future__ import annotations

import re

from policy.resource import PROVIDER_PREFIX, Graph, Marker, Resource, mapping, texts


def regions_of(graph: Graph) -> list[str]:
    """Return the regions of the graph's AWS providers, the longest name first."""
    found = {
        str(provider.at("region"))
        for provider in graph.of_type(f"{PROVIDER_PREFIX}aws")
        if provider.at("region") is not None and not isinstance(provider.at("region"), Marker)
    }
    return sorted(found, key=lambda region: (-len(region), region))


def region_of(graph: Graph, resource: Resource) -> str | None:
    """Return the region that a resource is meant for, by its own name or its nearest ancestor's; None when none says.

    A component of one region carries the region in its name (`network-eu-central-1`), and so do its children.
    """
    regions = regions_of(graph)
    for candidate in (resource, *graph.ancestors(resource)):
        for region in regions:
            if re.search(rf"(^|-){re.escape(region)}(-|$)", candidate.name):
                return region
    return None


def region_of_provider(provider: Resource, graph: Graph) -> str | None:
    """Return the region in which a provider works: what it is told, the cluster's address, or its name."""
    region = provider.at("region")
    if isinstance(region, str) and not isinstance(region, Marker):
        return region
    for _, text in texts(mapping(provider.inputs)):
        for candidate in regions_of(graph):
            if f".{candidate}.eks.amazonaws.com" in text:
                return candidate
    return region_of(graph, provider)
