"""The objects of the Kubernetes API in memory: server-side apply with owners, and controllers that act at once."""

from __future__ import annotations

import copy
import threading
import uuid
from typing import Any

Manifest = dict[str, Any]
Key = tuple[str, str, str]
"""Kind, namespace, name."""

NAMESPACED = {
    "v1": {
        "ConfigMap": ("configmaps", True),
        "Namespace": ("namespaces", False),
        "PersistentVolumeClaim": ("persistentvolumeclaims", True),
        "Pod": ("pods", True),
        "Secret": ("secrets", True),
        "Service": ("services", True),
    },
    "apps/v1": {"Deployment": ("deployments", True), "ReplicaSet": ("replicasets", True)},
    "batch/v1": {"Job": ("jobs", True)},
    "discovery.k8s.io/v1": {"EndpointSlice": ("endpointslices", True)},
}
_DEPLOYMENT_SPEC = {
    "replicas selector strategy template minReadySeconds revisionHistoryLimit progressDeadlineSeconds paused"
}
_KNOWN_SPEC = {"Deployment": {name for words in _DEPLOYMENT_SPEC for name in words.split()}}
BAD_IMAGE = "registry.invalid/missing:1"


class Refused(Exception):  # noqa: N818
    """The API refuses; the status is what it answers."""

    def __init__(self, code: int, reason: str, message: str, details: Manifest | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details or {}}


class Objects:
    """What a cluster holds."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.held: dict[Key, Manifest] = {("Namespace", "", "default"): {"metadata": {"name": "default"}}}
        self._owned: dict[Key, dict[tuple[str, ...], set[str]]] = {}
        self._revision = 0

    def apply(self, namespace: str, given: Manifest, manager: str, force: bool, dry_run: bool) -> Manifest:
        """Server-side apply."""
        kind, name = given["kind"], given["metadata"]["name"]
        if namespace and ("Namespace", "", namespace) not in self.held:
            message = f'namespaces "{namespace}" not found'
            raise Refused(404, "NotFound", message, {"kind": "namespaces", "name": namespace})
        unknown = set(given.get("spec") or {}) - _KNOWN_SPEC.get(kind, set(given.get("spec") or {}))
        if unknown:
            text = f"failed to create typed patch object: .spec.{min(unknown)}: field not declared in schema"
            raise Refused(400, "BadRequest", text)
        key = (kind, namespace, name)
        old = self.held.get(key)
        owned = {path: set(names) for path, names in self._owned.get(key, {}).items()}
        new = copy.deepcopy(old) if old else self._fresh(given, namespace)
        self._merge(new, given, owned, manager, force)
        self._validate(kind, old, new)
        if kind == "Secret" and "stringData" in new:
            import base64

            text = {key: base64.b64encode(value.encode()).decode() for key, value in new.pop("stringData").items()}
            new["data"] = {**(new.get("data") or {}), **text}
        if old is None or old.get("spec") != new.get("spec"):
            new["metadata"]["generation"] = new["metadata"].get("generation", 0) + 1
        new["metadata"]["managedFields"] = _managed_fields(owned)
        if dry_run:
            return new
        if old is None or old != new:
            self._revision += 1
            new["metadata"]["resourceVersion"] = str(self._revision)
        self.held[key] = new
        self._owned[key] = owned
        self._control(new)
        return new

    def edit(self, kind: str, namespace: str, name: str, path: tuple[str, ...], value: Any, manager: str) -> None:
        """Somebody else changes one property and so becomes its manager."""
        with self.lock:
            key = (kind, namespace, name)
            holder = self.held[key]
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = value
            self._owned.setdefault(key, {})[path] = {manager}
            self.held[key]["metadata"]["managedFields"] = _managed_fields(self._owned[key])

    def delete(self, key: Key) -> Manifest:
        """Remove an object and what belongs to it."""
        if key not in self.held:
            raise Refused(404, "NotFound", f'{key[0].lower()}s "{key[2]}" not found')
        gone = self.held.pop(key)
        self._owned.pop(key, None)
        uid = gone["metadata"].get("uid")
        for other, manifest in list(self.held.items()):
            owners = manifest["metadata"].get("ownerReferences", [])
            if any(owner["uid"] == uid for owner in owners) and other in self.held:
                self.delete(other)
        return gone

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a kind."""
        with self.lock:
            return sorted(name for (held, _, name) in self.held if held == kind)

    def one(self, kind: str, namespace: str = "default") -> Manifest:
        """The only object of a kind."""
        with self.lock:
            (found,) = [
                manifest for (held, where, _), manifest in self.held.items() if (held, where) == (kind, namespace)
            ]
            return found

    def _fresh(self, given: Manifest, namespace: str) -> Manifest:
        metadata: Manifest = {"name": given["metadata"]["name"], "uid": str(uuid.uuid4())}
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        if namespace:
            metadata["namespace"] = namespace
        return {"apiVersion": given["apiVersion"], "kind": given["kind"], "metadata": metadata}

    def _merge(
        self, new: Manifest, given: Manifest, owned: dict[tuple[str, ...], set[str]], manager: str, force: bool
    ) -> None:
        leaves = {path: value for path, value in _leaves(given) if path[0] not in ("apiVersion", "kind")}
        for path in [path for path, names in owned.items() if manager in names and path not in leaves]:
            owned[path].discard(manager)
            if not owned[path]:
                del owned[path]
                _drop(new, path)
        for path, value in leaves.items():
            others = owned.get(path, set()) - {manager}
            if others and _value(new, path) != value:
                if not force:
                    text = f'Apply failed with 1 conflict: conflict with "{min(others)}": .{".".join(path)}'
                    raise Refused(409, "Conflict", text)
                owned[path] = set()
            owned.setdefault(path, set()).add(manager)
            _put(new, path, value)

    def _validate(self, kind: str, old: Manifest | None, new: Manifest) -> None:
        if kind == "Deployment" and old and old["spec"].get("selector") != new["spec"].get("selector"):
            raise Refused(422, "Invalid", "spec.selector: Invalid value: field is immutable")

    def _control(self, manifest: Manifest) -> None:
        match manifest["kind"]:
            case "Deployment":
                self._roll_out(manifest)
            case "Job":
                failed = manifest["spec"]["template"]["spec"]["containers"][0]["image"] == BAD_IMAGE
                kind = "Failed" if failed else "Complete"
                condition = {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "it failed"}
                manifest["status"] = {"conditions": [condition]}
            case "Service":
                self._slice(manifest)
            case "PersistentVolumeClaim":
                manifest["status"] = {"phase": "Bound"}
            case _:
                pass

    def _roll_out(self, manifest: Manifest) -> None:
        metadata, spec = manifest["metadata"], manifest["spec"]
        template, namespace, replicas = spec["template"], metadata["namespace"], spec.get("replicas", 1)
        annotations = metadata.setdefault("annotations", {})
        key = "deployment.kubernetes.io/revision"
        current = self.held.get(("ReplicaSet", namespace, f"{metadata['name']}-{annotations.get(key, 0)}"))
        if current is None or current["spec"]["template"] != template:
            annotations[key] = str(int(annotations.get(key, 0)) + 1)
        name = f"{metadata['name']}-{annotations[key]}"
        image = template["spec"]["containers"][0]["image"]
        ready = image != BAD_IMAGE
        replica_set = self._owned_object(
            "apps/v1", "ReplicaSet", namespace, name, manifest, template["metadata"]["labels"]
        )
        replica_set["metadata"]["annotations"] = {key: annotations[key]}
        replica_set["spec"] = {"replicas": replicas, "template": copy.deepcopy(template)}
        replica_set["status"] = {"readyReplicas": replicas if ready else 0}
        for index in range(replicas):
            pod = self._owned_object(
                "v1", "Pod", namespace, f"{name}-{index}", replica_set, template["metadata"]["labels"]
            )
            waiting = {"reason": "ErrImagePull", "message": f"failed to pull {image}: not found"}
            pod["status"] = {
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                "containerStatuses": [{"name": "main", "ready": ready, "state": {} if ready else {"waiting": waiting}}],
            }
        reason = "NewReplicaSetAvailable" if ready else "ReplicaSetUpdated"
        serving = ready or annotations[key] != "1"
        manifest["status"] = {
            "observedGeneration": metadata["generation"],
            "conditions": [
                {"type": "Progressing", "status": "True", "reason": reason},
                {
                    "type": "Available",
                    "status": "True" if serving else "False",
                    "reason": "MinimumReplicas",
                    "message": "few",
                },
            ],
        }

    def _slice(self, service: Manifest) -> None:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        wanted = service["spec"].get("selector") or {}
        chosen = [
            pod
            for (kind, where, _), pod in self.held.items()
            if kind == "Pod" and where == namespace and wanted.items() <= pod["metadata"].get("labels", {}).items()
        ]
        labels = {"kubernetes.io/service-name": name}
        entry = self._owned_object("discovery.k8s.io/v1", "EndpointSlice", namespace, f"{name}-1", service, labels)
        entry["endpoints"] = [{"conditions": {"ready": True}} for _ in chosen]

    def _owned_object(
        self, api_version: str, kind: str, namespace: str, name: str, owner: Manifest, labels: Manifest
    ) -> Manifest:
        manifest = self._fresh({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}}, namespace)
        manifest["metadata"]["labels"] = dict(labels)
        manifest["metadata"]["ownerReferences"] = [{"uid": owner["metadata"]["uid"]}]
        self.held[kind, namespace, name] = manifest
        return manifest


def _leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    return [(path, value)]


def _value(manifest: Manifest, path: tuple[str, ...]) -> Any:
    value: Any = manifest
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _put(manifest: Manifest, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        manifest = manifest.setdefault(step, {})
    manifest[path[-1]] = copy.deepcopy(value)


def _drop(manifest: Manifest, path: tuple[str, ...]) -> None:
    for step in path[:-1]:
        manifest = manifest.get(step) or {}
    manifest.pop(path[-1], None)


def _managed_fields(owned: dict[tuple[str, ...], set[str]]) -> list[Manifest]:
    by_manager: dict[str, Manifest] = {}
    for path, names in owned.items():
        for name in names:
            fields = by_manager.setdefault(name, {})
            for step in path:
                fields = fields.setdefault(f"f:{step}", {})
    return [{"manager": name, "operation": "Apply", "fieldsV1": fields} for name, fields in sorted(by_manager.items())]
