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
    status = pod["status"]
    if status.get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]:
        return ""
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state: dict[str, Any] = container.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{container['name']} waits: {waiting['reason']} {waiting.get('message', '')}".strip()
        if ended and ended.get("exitCode"):
            return f"{container['name']} ended with exit code {ended['exitCode']} {ended.get('reason', '')}".strip()
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"is not scheduled: {condition.get('message', condition.get('reason', ''))}"
    ready = {item["type"]: item["status"] for item in status.get("conditions") or []}.get("Ready")
    return "" if ready == "True" else "is not ready"
