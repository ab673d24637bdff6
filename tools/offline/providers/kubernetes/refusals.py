"""What controllers, quotas and kubelets refuse: told while it is waited, and when no waiting mends it, not waited for.

The official provider waits for its deadline in these cases and tells less of them; `make up` then adds the rest.
"""

from __future__ import annotations

import re
from typing import Protocol

from tools.offline.providers.kubernetes import pods
from tools.offline.providers.kubernetes.cluster import Manifest
from tools.offline.providers.kubernetes.objects import at

_QUOTA = re.compile(r"exceeded quota: (?P<name>[^,]+),.*limited: (?P<hard>.+)")
# An account or a Secret that the API server's cache does not know yet.
_TRANSIENT = re.compile(r"error looking up service account|failed calling webhook|timed? ?out|try again", re.IGNORECASE)
_NEVER = frozenset({"InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"})
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff"})
_NO_SUCH_IMAGE = re.compile(
    r"not found|manifest unknown|name unknown|does not exist|unauthorized|denied|forbidden", re.IGNORECASE
)


class Lookup(Protocol):
    """The part of a cluster that is looked at."""

    def list(self, api_version: str, kind: str, namespace: str, selector: str = "") -> list[Manifest]:
        """The objects of a kind in a namespace."""
        ...


def of_replica_set(replica_set: Manifest) -> list[str]:
    """Why a ReplicaSet's controller could not make a pod, as its condition says."""
    failed = pods.condition(replica_set, "ReplicaFailure") or {}
    if failed.get("status") != "True":
        return []
    return [f"[{failed.get('reason')}] {failed.get('message')}"]


def of_controller(owner: Manifest, cluster: Lookup) -> list[str]:
    """Why the controller of a StatefulSet or a Job could not make a pod, as its last event says."""
    namespace, uid = str(at(owner, "metadata", "namespace") or "default"), at(owner, "metadata", "uid")
    events = [
        event
        for event in cluster.list("v1", "Event", namespace)
        if event.get("reason") == "FailedCreate" and at(event, "involvedObject", "uid") == uid
    ]
    if not events:
        return []
    last = max(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return [f"[FailedCreate] {last.get('message')}"]


def lasting(refused: list[str], namespace: str, cluster: Lookup) -> str:
    """The first refusal that stays while nothing else changes; "" when there is none, or room is just being made."""
    for text in refused:
        if _TRANSIENT.search(text):
            continue
        quota = _QUOTA.search(text)
        if quota and (_makes_room(cluster.list("v1", "Pod", namespace)) or not _in_force(quota, namespace, cluster)):
            continue
        return text
    return ""


def of_kubelets(found: list[Manifest]) -> str:
    """Why a container of these pods will never start; "" when it may."""
    for pod in found:
        status = pod.get("status") or {}
        for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
            waiting: Manifest = at(container, "state", "waiting") or {}
            reason, message = waiting.get("reason"), str(waiting.get("message") or "")
            if reason in _NEVER or (reason in _PULLING and _NO_SUCH_IMAGE.search(message)):
                return f"[{reason}] {message}"
    return ""


def _makes_room(found: list[Manifest]) -> bool:
    """Whether a pod is ending or will end by itself: what it takes of the quota is free then."""
    return any(
        at(pod, "metadata", "deletionTimestamp")
        or (at(pod, "spec", "restartPolicy") == "Never" and at(pod, "status", "phase") in ("Pending", "Running"))
        for pod in found
    )


def _in_force(told: re.Match[str], namespace: str, cluster: Lookup) -> bool:
    """Whether the quota of a refusal is what it was then: a controller that was refused tries again after minutes."""
    hard = dict(pair.split("=", 1) for pair in told["hard"].split(",") if "=" in pair)
    return any(
        at(quota, "metadata", "name") == told["name"] and hard.items() <= (at(quota, "status", "hard") or {}).items()
        for quota in cluster.list("v1", "ResourceQuota", namespace)
    )
