"""A recorded program as tests look at it: resources by their names, and the questions that promises are made of.

The recording itself is `tools.gostack.explorer.monitor`.
Does not prove what the engine or a provider does with a registration: nothing is created.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.docker.files import FOLDER, SECRETS
from tools.gostack.explorer import monitor
from tools.gostack.explorer.monitor import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    JobEnd,
    Recording,
    Registered,
    holds_secret,
    masked,
    name_of,
    unwrapped,
)

__all__ = [
    "SECRET",
    "SIGNATURE",
    "UNKNOWN",
    "Graph",
    "JobEnd",
    "Registered",
    "holds_secret",
    "masked",
    "names",
    "record",
    "unwrapped",
]


@dataclass
class Graph(Recording):
    """A recording in which every name is there once, so that tests may speak of resources by their names."""

    @cached_property
    def resources(self) -> dict[str, Registered]:
        """By name, in the order of registration."""
        found: dict[str, Registered] = {}
        for resource in self.registered.values():
            assert resource.name not in found, f"two resources are named {resource.name}: tests cannot tell them apart"
            found[resource.name] = resource
        return found

    @property
    def registered_outputs(self) -> list[str]:
        """Names of the components that registered their outputs, once for each time."""
        return [name_of(urn) for urn in self.finished]

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """Name of a component to its outputs, secrets in their envelope."""
        return {name_of(urn): outputs for urn, outputs in self.component_outputs.items()}

    def changed(self, before: Graph) -> set[str]:
        """Names of what an update from `before` would make anew or change."""
        return {
            name
            for name, resource in self.resources.items()
            if name in before.resources and resource.generation != before.resources[name].generation
        }

    def in_plain(self) -> dict[str, str]:
        """Name to everything about a resource that would be written down in plain: secrets are masked."""
        return {
            name: json.dumps(
                masked([resource.inputs, resource.outputs, resource.replacement_trigger, self.told.get(name, {})]),
                ensure_ascii=False,
            )
            for name, resource in self.resources.items()
        }

    def of_type(self, type_: str) -> list[Registered]:
        return [resource for resource in self.resources.values() if resource.type == type_]

    def of_kind(self, kind: str) -> list[Registered]:
        """Kubernetes objects of a kind, for example `Deployment`."""
        return [
            resource
            for resource in self.resources.values()
            if resource.type.startswith("kubernetes:") and resource.type.endswith(f":{kind}")
        ]

    @property
    def containers(self) -> list[Registered]:
        return self.of_type("docker:index/container:Container")

    def files(self, name: str) -> dict[str, str]:
        """Path to text of the files that a container finds in volumes that were filled for it."""
        mounts: list[dict[str, str]] = self.resources[name].plain("volumes") or []
        found: dict[str, str] = {}
        for writer in self.containers:
            uploads: list[dict[str, str]] = writer.plain("uploads") or []
            filled = {mount["volumeName"] for mount in writer.plain("volumes") or []} if uploads else set[str]()
            for mount in mounts:
                if mount.get("volumeName") in filled:
                    assert writer.is_secret("uploads") or mount["containerPath"] != SECRETS, writer.name
                    found |= {
                        item["file"].replace(FOLDER, mount["containerPath"], 1): item["content"] for item in uploads
                    }
        # One by one, out of the volume that is beside them.
        given = {
            mount["containerPath"]: mount["hostPath"].rpartition("/")[2] for mount in mounts if "hostPath" in mount
        }
        return found | {path: found[f"{FOLDER}/{at}"] for path, at in given.items() if f"{FOLDER}/{at}" in found}

    def holders(self, secret: str) -> set[str]:
        """Names of the containers that find a text in a file."""
        return {
            container.name
            for container in self.containers
            if "uploads" not in container.inputs and any(secret in text for text in self.files(container.name).values())
        }

    def with_role(self, role: str, **labels: str) -> list[Registered]:
        wanted = {"gostack.role": role, **{f"gostack.{key}": value for key, value in labels.items()}}
        return [container for container in self.containers if wanted.items() <= container.labels.items()]

    def reachable(self, name: str) -> set[str]:
        """Names of everything that is there before the resource, and goes after it: what it depends on, its parent, and
        what those depend on."""
        found: set[str] = set()
        waiting = self._nearest(name)
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self._nearest(current)
        return found

    def made_from(self, roots: set[str]) -> set[str]:
        """Names of all resources on a platform that take a value from these, directly or not."""
        found = set(roots)
        while True:
            more = {
                name
                for name, item in self.resources.items()
                if item.custom
                and name not in found
                and any(found & used for used in item.property_dependencies.values())
            }
            if not more:
                return found - roots
            found |= more

    def _nearest(self, name: str) -> list[str]:
        resource = self.resources.get(name)
        return [*resource.dependencies, *([resource.parent] if resource.parent else [])] if resource else []


def record(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    preview: bool = False,
    stack: str = "dev",
    kept: Graph | None = None,
    ends: Mapping[str, JobEnd] | None = None,
) -> Graph:
    """Run a program to its end and return what it registered.

    `kept` is the graph of an update before, `ends` says which containers end otherwise than well.
    """
    recording = monitor.record(program, preview=preview, stack=stack, kept=kept, ends=ends)
    return Graph(**vars(recording))


def names(resources: Iterable[Registered]) -> set[str]:
    return {resource.name for resource in resources}
