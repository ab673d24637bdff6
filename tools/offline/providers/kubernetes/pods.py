"""Why a pod is not ready, in its own words."""

from __future__ import annotations

from typing import Any

from tools.offline.providers.kubernetes.cluster import Manifest
from tools.offline.providers.kubernetes.objects import at


def condition(manifest: Manifest, kind: str) -> Manifest | None:
    """A condition of the object's status; None when it has not been set."""
    for entry in at(manifest, "status", "conditions") or []:
        if entry.get("type") == kind:
            return entry
    return None


def is_true(manifest: Manifest, kind: str) -> bool:
    """Whether a condition of the object holds."""
    return (condition(manifest, kind) or {}).get("status") == "True"


def is_ready(pod: Manifest) -> bool:
    """Whether the pod serves, or has ended well."""
    return is_true(pod, "Ready") or at(pod, "status", "phase") == "Succeeded"


def reasons(pods: list[Manifest]) -> list[str]:
    """One line for each pod that is not ready and says why, such as `[Pod shop/users-1]: [ErrImagePull] …`."""
    return [reason for pod in pods if not is_ready(pod) for reason in _reasons(pod)]


def crashed(pods: list[Manifest]) -> list[tuple[str, str]]:
    """Names of the pods and containers whose program has ended, and not well."""
    return [
        (str(at(pod, "metadata", "name")), str(container.get("name")))
        for pod in pods
        if not is_ready(pod)
        for container in _containers(pod)
        if any(at(container, state, "terminated", "exitCode") for state in ("state", "lastState"))
    ]


def owned(manifests: list[Manifest], owner: Manifest) -> list[Manifest]:
    """Those of the objects that belong to the owner."""
    uid = at(owner, "metadata", "uid")
    return [
        manifest
        for manifest in manifests
        if any(reference.get("uid") == uid for reference in at(manifest, "metadata", "ownerReferences") or [])
    ]


def selector(manifest: Manifest) -> str:
    """The label selector of a workload, as a query."""
    labels: dict[str, Any] = at(manifest, "spec", "selector", "matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _reasons(pod: Manifest) -> list[str]:
    name = f"{at(pod, 'metadata', 'namespace')}/{at(pod, 'metadata', 'name')}"
    scheduled = condition(pod, "PodScheduled")
    if scheduled and scheduled.get("status") != "True":
        return [f"[Pod {name}]: {scheduled.get('message') or scheduled.get('reason') or 'not scheduled'}"]
    said = [text for container in _containers(pod) if not container.get("ready") for text in _container(container)]
    if said:
        return [f"[Pod {name}]: {' '.join(said)}"]
    message = (condition(pod, "Ready") or {}).get("message")
    return [f"[Pod {name}]: {message}"] if message else []


def _containers(pod: Manifest) -> list[Manifest]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _container(status: Manifest) -> list[str]:
    said: list[str] = []
    name = status.get("name")
    waiting, ended = at(status, "state", "waiting"), at(status, "state", "terminated")
    if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
        said.append(f"[{waiting['reason']}] {waiting.get('message', '')}".strip())
    # An init container that has done its work says nothing of interest.
    if ended and ended.get("exitCode") != 0:
        detail = f"[{ended.get('reason')}] {ended['message']}" if ended.get("message") else ""
        said.append(detail.strip() or f'container "{name}" completed with exit code {ended.get("exitCode")}')
    last = at(status, "lastState", "terminated")
    if last:
        cause = f"{last.get('reason')}: exit code {last.get('exitCode')}"
        text = f'container "{name}" terminated at {last.get("finishedAt")} ({cause}) {last.get("message", "")}'
        said.append(text.strip())
    return said
