"""Names, annotations and shapes of Kubernetes objects, as the official provider treats them."""

from __future__ import annotations

import base64
import copy
import hashlib
from typing import Any

from tools.offline.providers.kubernetes.cluster import Manifest

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"

_RANDOM_DIGITS = 8
# What the API server alone writes.
_READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


def identifier(manifest: Manifest) -> str:
    """The identifier in the state: `namespace/name`, or the name alone outside of namespaces."""
    namespace, name = at(manifest, "metadata", "namespace"), at(manifest, "metadata", "name")
    return f"{namespace}/{name}" if namespace else str(name)


def annotation(manifest: Manifest, key: str) -> str | None:
    """An annotation of the object; None when it has none of that name."""
    value = (at(manifest, "metadata", "annotations") or {}).get(key)
    return None if value is None else str(value)


def is_true(manifest: Manifest, key: str) -> bool:
    """Whether an annotation of the object says `true`."""
    return annotation(manifest, key) == "true"


def at(value: Any, *path: str) -> Any:
    """The value at a path; None when there is none."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def autoname(manifest: Manifest, base: str, seed: bytes) -> str:
    """A name that is the resource's own, such as `settings-48e47bb9`; the same for the same seed."""
    digits = hashlib.sha256(seed + base.encode()).hexdigest()[:_RANDOM_DIGITS]
    return f"{base}-{digits}"


def set_autonamed(manifest: Manifest, name: str) -> None:
    """Name the object and mark that it was not the program that named it."""
    metadata = manifest.setdefault("metadata", {})
    metadata["name"] = name
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


def without_read_only(manifest: Manifest) -> Manifest:
    """A copy without what only the API server writes."""
    result = copy.deepcopy(manifest)
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        for key in _READ_ONLY_METADATA:
            metadata.pop(key, None)
    return result


def pruned(live: Any, shape: Any) -> Any:
    """What is in the live object of that which the shape has: a server's own additions are no difference.

    What the shape has and is nothing (`false`, `0`, `""`, an empty list) counts as there: the API leaves it out.
    """
    if isinstance(live, dict) and isinstance(shape, dict):
        return {
            key: pruned(live[key], value) if key in live else value
            for key, value in shape.items()
            if key in live or _is_nothing(value)
        }
    if isinstance(live, list) and isinstance(shape, list):
        # Elements are told apart by their place; those beyond the shape are somebody else's.
        return [pruned(item, shape[index]) for index, item in enumerate(live[: len(shape)])]
    return live


def comparable(manifest: Manifest) -> Manifest:
    """A copy in which what means the same looks the same: a Secret's text is its data, as the API server keeps it."""
    result = without_read_only(manifest)
    text = result.get("stringData")
    if result.get("kind") == "Secret" and isinstance(text, dict):
        encoded = {
            key: base64.b64encode(value.encode()).decode() if isinstance(value, str) else value
            for key, value in text.items()
        }
        result["data"] = {**(result.get("data") or {}), **encoded}
        del result["stringData"]
    return result


def _is_nothing(value: Any) -> bool:
    return value is False or value in ("", 0) or value in ({}, [])
