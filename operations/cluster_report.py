"""What is not well on a stack's cluster, in the pods' own words."""

from __future__ import annotations

from typing import Any

from operations.cluster_api import ClusterApi


def pods(api: ClusterApi, stack: str) -> list[dict[str, Any]]:
    """Return every pod of the stack."""
    return api.items("/api/v1/pods", gostack_stack=stack)


def diagnosis(api: ClusterApi, stack: str) -> str:
    """Return which pods are not well and why, a line each; empty when all are."""
    lines = [f"{pod['metadata']['name']}: {problem}" for pod in pods(api, stack) if (problem := _problem(pod))]
    return "\n".join(sorted(lines))


def _problem(pod: dict[str, Any]) -> str:
    status: dict[str, Any] = pod["status"]
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    containers: list[dict[str, Any]] = [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]
    if status.get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]:
        return ""
    for container in containers:
        state: dict[str, dict[str, Any]] = container.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{container['name']} waits: {waiting['reason']} {waiting.get('message', '')}".strip()
        if ended and ended.get("exitCode"):
            return f"{container['name']} ended with exit code {ended['exitCode']} {ended.get('reason', '')}".strip()
    for condition in conditions:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"is not scheduled: {condition.get('message', condition.get('reason', ''))}"
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return "" if ready else "is not ready"
