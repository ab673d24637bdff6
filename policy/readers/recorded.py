"""Resources from a recording of the program by a monitor, as the tests make it (`tests/graph/recorder.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policy.readers.engine import provider_urn
from policy.readers.masking import masked, read_inputs
from policy.resource import Graph, Options, Resource


def from_recorded(resources: Iterable[Any]) -> Graph:
    """Return the resources of a recording, in its order.

    Each has the attributes of the recorder's `Registered`; its parent and its dependencies are names, which are unique
    in a recording.
    """
    recorded = list(resources)
    urns = {resource.name: resource.urn for resource in recorded}
    return Graph.of(_resource(resource, urns) for resource in recorded)


def _resource(recorded: Any, urns: Mapping[str, str]) -> Resource:
    def known(names: Iterable[str]) -> frozenset[str]:
        return frozenset(urns[name] for name in names if name in urns)

    return Resource(
        urn=recorded.urn,
        type=recorded.type,
        name=recorded.name,
        custom=recorded.custom,
        parent=urns.get(recorded.parent, ""),
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
        dependencies=known(recorded.dependencies),
        property_dependencies={key: known(names) for key, names in recorded.property_dependencies.items()},
    )
