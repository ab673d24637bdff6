"""Makes and changes one object by server-side apply, and waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.offline.providers.kubernetes.cluster import ApiError, Cluster, Manifest, NoSuchKind
from tools.offline.providers.kubernetes.difference import Path
from tools.offline.providers.kubernetes.objects import PATCH_FORCE, SKIP_AWAIT, annotation
from tools.offline.providers.kubernetes.ownership import managed_by_others_alone
from tools.offline.providers.kubernetes.waiting import seconds_for, until_ready

_ATTEMPTS = 5
_HELP = (
    "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources"
)


@dataclass(frozen=True)
class Applier:
    """Applies as one field manager."""

    cluster: Cluster
    manager: str
    over: threading.Event
    """Set when everything is to end."""
    force: bool
    """Win conflicts with other field managers, whatever the object's annotation says."""
    upsert: bool
    """Take over what exists already; otherwise it is an error."""
    warn: Callable[[str], None]
    tell: Callable[[str], None]

    def create(self, manifest: Manifest, preview: bool) -> Manifest:
        """Make the object, or find out what it would be. Raises `ApiError`, `NoSuchKind`, `Unreachable`."""
        # A dry run cannot know that the object of the same name goes first in a replacement.
        force = preview or self._forced(manifest)
        if not (preview or self.upsert) and self.cluster.get(manifest) is not None:
            kind, name = manifest["kind"], manifest["metadata"]["name"]
            # The one whose name it is would be changed now, and removed by whoever made it.
            raise ApiError(409, {"reason": "AlreadyExists", "message": f'{kind} "{name}" already exists'})
        attempts = 1 if preview else _ATTEMPTS
        for attempt in range(attempts):
            try:
                return self._try(manifest, force) if preview else self._apply(manifest, force, preview)
            except (ApiError, NoSuchKind) as error:
                missing = isinstance(error, NoSuchKind) or error.code == 404
                if not missing or attempt == attempts - 1:
                    raise
                # A definition or a namespace that has just been made may not be served yet.
                self.tell(f"Retry #{attempt + 1}; creation failed: {error}")
                self.cluster.forget_kinds()
                self.over.wait(2.0**attempt / 2)
                if self.over.is_set():
                    raise
        raise AssertionError("the last attempt returns or raises")

    def update(self, manifest: Manifest, old: Manifest, ignored: list[Path], preview: bool) -> Manifest:
        """Change the object, or find out what it would be. Raises as `create` does."""
        previous = self.cluster.get(old)
        if previous is None:
            raise ApiError(404, {"message": f"{old['metadata']['name']} does not exist any more: run `pulumi refresh`"})
        for path in ignored:
            self._leave_alone(manifest, previous, path)
        return self._apply(manifest, self._forced(manifest), preview)

    def wait(self, manifest: Manifest, live: Manifest, timeout: float) -> Manifest:
        """The object once it is ready. Raises `NotReady`."""
        if annotation(manifest, SKIP_AWAIT) == "true":
            return live
        seconds = seconds_for(manifest, timeout)
        return until_ready(self.cluster, live, seconds, self.over, self.tell)

    def relinquish(self, live: Manifest) -> None:
        """Manage nothing of the object any more; it stays."""
        kept = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
        bare = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": kept}
        self.cluster.apply(bare, self.manager, force=True, dry_run=False, warn=self.warn)

    def _try(self, manifest: Manifest, force: bool) -> Manifest:
        try:
            return self._apply(manifest, force, preview=True)
        except ApiError as error:
            if error.code != 422 or "immutable" not in str(error):
                raise
            # The object that is to be replaced still has the name; what the new one would be is seen under another.
            metadata = manifest["metadata"]
            other = {**manifest, "metadata": {**metadata, "name": f"{metadata['name']}-preview"}}
            live = self._apply(other, force, preview=True)
            live["metadata"]["name"] = metadata["name"]
            return live

    def _apply(self, manifest: Manifest, force: bool, preview: bool) -> Manifest:
        try:
            return self.cluster.apply(manifest, self.manager, force, preview, self.warn)
        except ApiError as error:
            if error.code != 409:
                raise
            text = (
                f"Server-Side Apply field conflict detected. See {_HELP} for troubleshooting help.\n"
                f'The resource managed by field manager "{self.manager}" had an apply conflict: {error}'
            )
            raise ApiError(409, {"message": text, "reason": error.reason, "details": error.details}) from None

    def _forced(self, manifest: Manifest) -> bool:
        return self.force or annotation(manifest, PATCH_FORCE) == "true"

    def _leave_alone(self, manifest: Manifest, live: Manifest, path: Path) -> None:
        """Do not touch what `ignore_changes` names: it stays as it is in the cluster, and whose it is."""
        if managed_by_others_alone(live, path, self.manager):
            _remove(manifest, path)
            return
        found, value = _find(live, path)
        if found:
            _put(manifest, path, value)


def _find(value: Any, path: Path) -> tuple[bool, Any]:
    for step in path:
        if not _has(value, step):
            return False, None
        value = value[step]
    return True, value


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(holder, list):
        return isinstance(step, int) and step < len(holder)
    return isinstance(holder, dict) and step in holder


def _put(manifest: Manifest, path: Path, value: object) -> None:
    found, holder = _find(manifest, path[:-1])
    if found and (isinstance(holder, dict) or _has(holder, path[-1])):
        holder[path[-1]] = value


def _remove(manifest: Manifest, path: Path) -> None:
    found, holder = _find(manifest, path[:-1])
    if found and isinstance(holder, dict):
        holder.pop(path[-1], None)
