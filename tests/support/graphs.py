"""Graphs made by hand, and graphs with one thing changed: what rules are tried on.

It proves nothing by itself.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from policy.resource import Graph, Options, Resource
from tests.support.dotted_paths import set_at


def urn(type_: str, name: str, stack: str = "prod") -> str:
    return f"urn:pulumi:{stack}::gostack::{type_}::{name}"


def resource(
    type_: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    stack: str = "prod",
    parent: Resource | None = None,
    provider: Resource | None = None,
    uses: Mapping[str, Resource] | None = None,
    after: tuple[Resource, ...] = (),
    **options: Any,
) -> Resource:
    """A resource; `uses` are the inputs that take a value from another resource, `after` what it depends on besides."""
    taken = {key: frozenset({used.urn}) for key, used in (uses or {}).items()}
    return Resource(
        urn=urn(type_, name, stack),
        type=type_,
        name=name,
        custom=not type_.startswith("gostack:"),
        parent=parent.urn if parent else "",
        inputs=dict(inputs or {}),
        options=Options(**options),
        provider=provider.urn if provider else "",
        dependencies=frozenset[str]().union({item.urn for item in after}, *taken.values()),
        property_dependencies=taken,
    )


def graph(*resources: Resource) -> Graph:
    return Graph.of(resources)


def changed(given: Graph, name: str, path: str, value: Any, *, type_: str | None = None) -> Graph:
    """A graph in which one input, option or the provider of a resource has another value.

    Raises KeyError when there is no such resource or no such property to take away: a change that changes nothing.
    """
    found = [item for item in given if item.name == name and (type_ is None or item.type == type_)]
    if len(found) != 1:
        raise KeyError(f"{len(found)} resources are called {name}")
    after = _resource(found[0], path, value)
    if after == found[0]:
        raise KeyError(f"{name} is the same with {path} = {value!r}")
    return Graph.of(after if item is found[0] else item for item in given)


def without(given: Graph, name: str, *, type_: str | None = None) -> Graph:
    """A graph without a resource; what depended on it no longer does."""
    gone = {item.urn for item in given if item.name == name and (type_ is None or item.type == type_)}
    if not gone:
        raise KeyError(f"no resource is called {name}")
    return Graph.of(
        replace(
            item,
            dependencies=item.dependencies - gone,
            property_dependencies={key: urns - gone for key, urns in item.property_dependencies.items()},
        )
        for item in given
        if item.urn not in gone
    )


def _resource(given: Resource, path: str, value: Any) -> Resource:
    head, _, rest = path.partition(".")
    if head == "options":
        return replace(given, options=replace(given.options, **{rest: value}))
    if path in ("provider", "dependencies"):
        return replace(given, **{path: value})
    inputs = copy.deepcopy(dict(given.inputs))
    set_at(inputs, path, value)
    return replace(given, inputs=inputs)
