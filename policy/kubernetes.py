"""Reads Kubernetes manifests in resources: which pods there are, with which containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.resource import Marker, Resource, listing, mapping

SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"})
"""Kinds whose containers run until they are stopped."""

FINITE = frozenset({"Job", "CronJob"})
"""Kinds whose containers run to their end."""

_TEMPLATES = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}


@dataclass(frozen=True)
class Container:
    """One container of a pod template."""

    path: str
    """Path of the container in the resource's inputs."""

    manifest: Mapping[str, Any]
    init: bool
    """Whether it runs before the pod's containers."""

    @property
    def name(self) -> str:
        """Name in its pod."""
        return str(self.manifest.get("name", ""))

    @property
    def serves(self) -> bool:
        """Whether it runs as long as its pod: also an init container that is restarted for ever, a sidecar."""
        return not self.init or self.manifest.get("restartPolicy") == "Always"


def pod_path(resource: Resource) -> str | None:
    """Return the path of the pod's specification; None for a resource that makes no pods."""
    if resource.package != "kubernetes" or resource.kind not in SERVING | FINITE:
        return None
    return _TEMPLATES.get(resource.kind, "spec.template.spec")


def pod_of(resource: Resource) -> Mapping[str, Any] | None:
    """Return the pod's specification; None for a resource that makes no pods, or one that is not known yet."""
    path = pod_path(resource)
    if path is None:
        return None
    found = resource.at(path, {})
    return None if isinstance(found, Marker) else mapping(found)


def containers(resource: Resource) -> Iterator[Container]:
    """Return the containers of the pods that a resource makes, first the ones that run before the others."""
    path = pod_path(resource)
    if path is None:
        return
    for key, init in (("initContainers", True), ("containers", False)):
        for index, manifest in enumerate(listing(resource.at(f"{path}.{key}"))):
            yield Container(f"{path}.{key}.{index}", mapping(manifest), init)


def serving_containers(resource: Resource) -> Iterator[Container]:
    """Return the containers that run until they are stopped, which is where probes have a meaning."""
    if resource.kind in SERVING:
        yield from (container for container in containers(resource) if container.serves)


def labels_match(selector: Any, labels: Any) -> bool:
    """Return whether a label selector (`matchLabels`) selects labels; an empty one selects everything."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    given = mapping(labels)
    return all(given.get(key) == value for key, value in wanted.items())


def pod_labels(resource: Resource) -> Mapping[str, Any]:
    """Return the labels of the pods that a workload makes."""
    return mapping(resource.at("metadata.labels" if resource.kind == "Pod" else "spec.template.metadata.labels"))


def namespace_of(resource: Resource) -> str:
    """Return the namespace of a resource; `[unknown]` before it is known, `default` where none is written."""
    return str(resource.at("metadata.namespace", "default"))


def beside(first: Resource, second: Resource) -> bool:
    """Return whether two resources are in one namespace of one cluster, or may be."""
    namespaces = {namespace_of(first), namespace_of(second)}
    return first.provider == second.provider and (len(namespaces) == 1 or Marker.UNKNOWN in namespaces)
