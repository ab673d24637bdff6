"""What is not well on a stack's cluster: in the words of controllers, scheduler and kubelets, and of the programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tools.gostack.kubernetes.api import ClusterApi, ClusterError
from tools.gostack.last_words import SEARCHED_LINES, check_helps, with_hint

LAST_LINES = 10
"""Lines of a program's log that are told."""

_OF_OTHERS = ("application", "job")
"""Names of the containers that run services' programs."""

Object = dict[str, Any]


def pods(api: ClusterApi, stack: str) -> list[Object]:
    """Return every pod of the stack."""
    return api.items("/api/v1/pods", gostack_stack=stack)


def diagnosis(api: ClusterApi, stack: str) -> str:
    """Return what could not be made and which pods are not well, why, and their last words; empty when all is well."""
    told = [*sorted(refusals(api, stack))]
    for pod in sorted(pods(api, stack), key=lambda item: str(item["metadata"]["name"])):
        problem = pod_problem(pod)
        if problem:
            told += [f"{pod['metadata']['name']}: {problem}", *last_words(api, pod)]
    return "\n".join(told)


def refusals(api: ClusterApi, stack: str) -> Iterator[str]:
    """Yield why pods are missing that a controller wanted to make, for example an exceeded quota."""
    for found in api.items("/apis/apps/v1/replicasets", gostack_stack=stack):
        missing = (found["spec"].get("replicas") or 0) - (found["status"].get("replicas") or 0)
        for condition in _list(found["status"], "conditions"):
            if missing > 0 and condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                yield _refusal(found, condition.get("reason", ""), condition.get("message", ""))
    for path in ("/apis/apps/v1/statefulsets", "/apis/batch/v1/jobs"):
        for found in api.items(path, gostack_stack=stack):
            if _lacks_pods(found):
                # These two tell it by events alone.
                message = _last_event(api, found, "FailedCreate")
                if message:
                    yield _refusal(found, "FailedCreate", message)


def pod_problem(pod: Object) -> str:
    """Return why a pod is not ready; "" when it is, has ended well, or is about to go."""
    status: Object = pod["status"]
    conditions = _list(status, "conditions")
    if status.get("phase") == "Succeeded" or "deletionTimestamp" in pod["metadata"]:
        return ""
    for container in _containers(pod):
        state: dict[str, Object] = container.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{container['name']} waits: {waiting['reason']} {waiting.get('message', '')}".strip()
        if ended and ended.get("exitCode"):
            return f"{container['name']} ended with exit code {ended['exitCode']} {ended.get('reason', '')}".strip()
    for condition in conditions:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"is not scheduled: {condition.get('message', condition.get('reason', ''))}"
    if any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions):
        return ""
    # A sidecar that has not started yet keeps the others waiting: the first one is the cause.
    unready = [container["name"] for container in _containers(pod) if not container.get("ready")]
    return f"is not ready: {unready[0]} does not pass its probes" if unready else "is not ready"


def last_words(api: ClusterApi, pod: Object) -> list[str]:
    """Return the last lines of every container of a pod that is not ready, indented, under a line with its name, and
    what the kubelet said of its probes."""
    lines: list[str] = []
    for container in _containers(pod):
        states: list[Object] = [container.get(where) or {} for where in ("state", "lastState")]
        started = any(key in state for state in states for key in ("running", "terminated"))
        if container.get("ready") or not started or _ended_well(container):
            continue
        words = _log(api, pod, str(container["name"]))
        lines += [f"  the last lines of {container['name']}:", *(f"    {line}" for line in words)]
    return [*lines, *_probe_words(api, pod)]


def _probe_words(api: ClusterApi, pod: Object) -> list[str]:
    """What the kubelet said of the last probe that failed, indented, and what helps where the probe is by a service's
    settings; nothing where none did."""
    message = _last_event(api, pod, "Unhealthy").strip()
    helps = check_helps(message) if any(container["name"] in _OF_OTHERS for container in _containers(pod)) else ""
    return [f"  the kubelet says: {message}", *([f"  -> {helps}"] if helps else [])] if message else []


def _containers(pod: Object) -> list[Object]:
    status: Object = pod["status"]
    return [*_list(status, "initContainerStatuses"), *_list(status, "containerStatuses")]


def _list(holder: Object, key: str) -> list[Object]:
    return holder.get(key) or []


def _ended_well(container: Object) -> bool:
    state: dict[str, Object] = container.get("state") or {}
    ended = state.get("terminated")
    return ended is not None and not ended.get("exitCode")


def _log(api: ClusterApi, pod: Object, container: str) -> list[str]:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
    for previous in ("true", "false"):
        query = urlencode({"container": container, "tailLines": SEARCHED_LINES, "previous": previous})
        try:
            text = api.text(f"{path}?{query}")
        except ClusterError:
            # Of one that has not been started again there is no earlier run.
            continue
        if text.strip():
            lines = text.splitlines()
            return with_hint(lines, LAST_LINES) if container in _OF_OTHERS else lines[-LAST_LINES:]
    return ["(it said nothing)"]


def _refusal(owner: Object, reason: str, message: str) -> str:
    metadata = owner["metadata"]
    return f"{metadata['namespace']}/{metadata['name']} makes no pod: {reason} {message}"


def _lacks_pods(found: Object) -> bool:
    spec, status = found["spec"], found["status"]
    if found.get("kind") == "Job" or "completions" in spec or "backoffLimit" in spec:
        ended = any(item["type"] in ("Complete", "Failed") for item in _list(status, "conditions"))
        return not ended and not status.get("active")
    return (status.get("replicas") or 0) < (spec.get("replicas") or 0)


def _last_event(api: ClusterApi, about: Object, reason: str) -> str:
    metadata = about["metadata"]
    query = urlencode({"fieldSelector": f"involvedObject.uid={metadata['uid']},reason={reason}"})
    events: list[Object] = api.get(f"/api/v1/namespaces/{metadata['namespace']}/events?{query}").get("items") or []
    events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return str(events[-1].get("message", "")) if events else ""
