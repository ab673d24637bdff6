"""Resources from what the engine writes: `pulumi preview --json` and `pulumi stack export`.

Source of the form of a resource: `ResourceV3` in
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go. Neither says whether a replacement deletes
first. In a state whose secrets were exported with `--show-secrets` they are masked all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policy.readers.masking import masked, read_inputs
from policy.resource import STACK_TYPE, Graph, Options, Resource, listing, mapping

_GONE = frozenset(
    {"delete", "delete-replaced", "discard", "discard-replaced", "read-discard", "remove-pending-replace"}
)


def from_state(document: Mapping[str, Any]) -> Graph:
    """Return the resources of an exported state, without those that wait for their deletion."""
    listed = listing(mapping(document.get("deployment", document)).get("resources"))
    return _graph(item for item in listed if not item.get("delete"))


def from_preview(document: Mapping[str, Any]) -> Graph:
    """Return the resources as they will be after the update that a `pulumi preview --json` describes."""
    latest: dict[str, Mapping[str, Any]] = {}
    for step in listing(document.get("steps")):
        state = step.get("newState")
        if state is not None and step.get("op") not in _GONE:
            # A replacement is told in up to three steps, of which the last has the new inputs.
            latest[step.get("urn") or state["urn"]] = state
    return _graph(latest.values())


def _graph(states: Iterable[Mapping[str, Any]]) -> Graph:
    listed = list(states)
    stack = next((state["urn"] for state in listed if state.get("type") == STACK_TYPE), "")
    return Graph.of(_resource(state, stack) for state in listed if state.get("type") != STACK_TYPE)


def _resource(state: Mapping[str, Any], stack: str) -> Resource:
    urn = str(state["urn"])
    parent = str(state.get("parent") or "")
    property_dependencies = {
        key: frozenset(listing(urns)) for key, urns in mapping(state.get("propertyDependencies")).items()
    }
    return Resource(
        urn=urn,
        type=str(state["type"]),
        name=urn.split("::", 3)[-1],
        custom=bool(state.get("custom", False)),
        parent="" if parent == stack else parent,
        inputs=read_inputs(str(state["type"]), mapping(state.get("inputs"))),
        outputs=masked(state["outputs"]) if "outputs" in state else None,
        id=str(masked(state.get("id") or "")),
        options=Options(
            protect=bool(state.get("protect", False)),
            retain_on_delete=bool(state.get("retainOnDelete", False)),
            ignore_changes=tuple(listing(state.get("ignoreChanges"))),
            replace_on_changes=tuple(listing(state.get("replaceOnChanges"))),
            additional_secret_outputs=tuple(listing(state.get("additionalSecretOutputs"))),
            aliases=tuple(str(alias) for alias in listing(state.get("aliases"))),
        ),
        provider=provider_urn(str(state.get("provider") or "")),
        dependencies=frozenset(listing(state.get("dependencies"))).union(*property_dependencies.values()) - {urn},
        property_dependencies=property_dependencies,
    )


def provider_urn(reference: str) -> str:
    """Return the URN of a provider reference, which is written as `urn::id`."""
    return "::".join(reference.split("::")[:4])
