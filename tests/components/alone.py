"""One component, made by a program that holds nothing else: arguments are those of `tests/contract`, changed.

It proves nothing by itself.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pulumi

from components.ingress import IngressConfiguration
from components.microservice.workload import Workload
from tests.contract.test_instances import VALUES, Component, arguments
from tests.graph.recorder import Graph, JobEnd, Registered, record, unwrapped

NAME = "one"
BEFORE = "before"
"""A resource on which the component depends, by its options."""


class Secret(str):
    """A text that is handed to the component as a secret Output; one that is made outside of a program never
    resolves."""


def _outputs(value: Any) -> Any:
    if isinstance(value, Secret):
        return pulumi.Output.secret(str(value))
    if isinstance(value, dict):
        return {key: _outputs(item) for key, item in value.items()}
    return [_outputs(item) for item in value] if isinstance(value, list) else value


def alone(
    cls: Component,
    *,
    ends: Mapping[str, JobEnd] | None = None,
    kept: Graph | None = None,
    told: Callable[[Any], Mapping[str, Any]] = lambda _: {},
    options: Callable[[], pulumi.ResourceOptions] = pulumi.ResourceOptions,
    **changes: Any,
) -> Graph:
    """What a component registers when it is made with these arguments; it depends on `BEFORE`.

    `told` says what of the component the program exports. A field of a service's workload is given like an argument.
    """

    def program() -> Mapping[str, Any]:
        before = pulumi.Stash(BEFORE, input="there")
        opts = pulumi.ResourceOptions.merge(options(), pulumi.ResourceOptions(depends_on=[before]))
        given = copy.deepcopy(arguments(cls))
        if "workload" in given:
            parts = {key: changes.pop(key) for key in Workload.model_fields if key in changes}
            given["workload"] = given["workload"].model_copy(update=parts)
        return told(cls(NAME, _outputs({**given, **changes}), opts))  # type: ignore[arg-type]

    return record(program, ends=ends, kept=kept)


def entry(**changes: Any) -> IngressConfiguration:
    """What an ingress serves, changed."""
    return replace(VALUES["configuration"], **changes)


def only(graph: Graph, type_: str) -> Registered:
    """The one resource of a type, without the stash that the program itself makes."""
    (found,) = [item for item in graph.of_type(type_) if item.name != BEFORE]
    return found


def children(graph: Graph, parent: str = NAME) -> set[str]:
    """Names of what a component makes itself, without the part that is its own."""
    return {item.name.removeprefix(f"{parent}-") for item in graph.resources.values() if item.parent == parent}


def before(graph: Graph, first: str, second: str) -> bool:
    """Whether one resource is there before another one, and goes after it."""
    return f"{NAME}-{first}" in graph.reachable(f"{NAME}-{second}")


def spec(graph: Graph, name: str) -> dict[str, Any]:
    """The specification of a Kubernetes object."""
    found: dict[str, Any] = graph.resources[f"{NAME}-{name}"].plain("spec")
    return found


def pod(graph: Graph, name: str) -> dict[str, Any]:
    """The specification of a workload's pods."""
    found: dict[str, Any] = spec(graph, name)["template"]["spec"]
    return found


def container(graph: Graph, name: str, container_name: str) -> dict[str, Any]:
    """A container of a workload's pods."""
    specification = pod(graph, name)
    (found,) = [
        item
        for item in [*specification.get("initContainers", []), *specification["containers"]]
        if item["name"] == container_name
    ]
    return found


def variables(found: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of a Kubernetes container: a value, or the reference that stands in its place."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in found["env"]}


def document(graph: Graph, name: str, key: str) -> Any:
    """An input that is JSON text, read."""
    return json.loads(unwrapped(graph.resources[f"{NAME}-{name}"].inputs[key]))


def exported(graph: Graph, key: str) -> Any:
    """What the program exported, without envelopes."""
    return unwrapped(graph.outputs[key]["value"])
