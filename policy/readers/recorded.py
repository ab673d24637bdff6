"""Resources from a recording of the program by a monitor (`tools/gostack/explorer/monitor.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policy.readers.engine import provider_urn
from policy.readers.masking import masked, read_inputs
from policy.resource import Graph, Options, Resource


def from_recorded(resources: Iterable[Any]) -> Graph:
    """Return the resources of a recording, in its order.

    Each has the attributes of the monitor's `Registered`.
    """
    recorded = list(resources)
    known = frozenset(resource.urn for resource in recorded)
    return Graph.of(_resource(resource, known) for resource in recorded)


def _resource(recorded: Any, known: frozenset[str]) -> Resource:
    property_dependencies: Mapping[str, frozenset[str]] = recorded.property_dependency_urns
    return Resource(
        urn=recorded.urn,
        type=recorded.type,
        name=recorded.name,
        custom=recorded.custom,
        parent=recorded.parent_urn if recorded.parent_urn in known else "",
        inputs=read_inputs(recorded.type, recorded.inputs),
        outputs=masked(recorded.outputs),
        id=recorded.id,
        options=Options(
            protect=recorded.protect,
            retain_on_delete=recorded.retain_on_delete,
            delete_before_replace=recorded.delete_before_replace,
            ignore_changes=recorded.ignore_changes,
            replace_on_changes=recorded.replace_on_changes,
            additional_secret_outputs=recorded.secret_outputs,
            aliases=recorded.aliases,
        ),
        provider=provider_urn(recorded.provider),
        dependencies=known & recorded.dependency_urns,
        property_dependencies={key: known & urns for key, urns in property_dependencies.items()},
    )
