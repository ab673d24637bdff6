"""Kubernetes objects of a recorded graph, as plain data."""

from __future__ import annotations

from typing import Any

from tests.graph.recorder import Graph, Registered, unwrapped

Object = dict[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "Job")


def manifest(resource: Registered) -> Object:
    """An object as it would be applied: whole numbers are whole, what Pulumi names has a name."""
    found = _whole(unwrapped(resource.inputs))
    found["metadata"] = {**found.get("metadata", {}), "name": unwrapped(resource.outputs["metadata"])["name"]}
    return found


def manifests(graph: Graph, *kinds: str) -> dict[str, Object]:
    """Resource name to object, of these kinds or of all."""
    return {
        name: manifest(resource)
        for name, resource in graph.resources.items()
        if resource.type.startswith("kubernetes:") and (not kinds or resource.type.rpartition(":")[2] in kinds)
    }


def pods(graph: Graph) -> dict[str, Object]:
    """Resource name to pod template, of every workload."""
    return {name: item["spec"]["template"] for name, item in manifests(graph, *WORKLOADS).items()}


def containers(graph: Graph) -> dict[str, Object]:
    """Resource name and container name to container, sidecars among them."""
    return {
        f"{name}/{container['name']}": container
        for name, pod in pods(graph).items()
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }


def selects(selector: Object, labels: Object) -> bool:
    """Whether a selector with labels alone takes a pod."""
    return selector["matchLabels"].items() <= labels.items()


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
