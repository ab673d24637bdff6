"""Waits until an object is ready, or gone; in bounded time, and told to the user meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from tools.offline.providers.kubernetes.cluster import ApiError, Cluster, Manifest, Unreachable
from tools.offline.providers.kubernetes.objects import TIMEOUT_SECONDS, annotation, at
from tools.offline.providers.kubernetes.readiness import READY, Judge, Verdict, default_seconds, judge_of

_SECONDS_BETWEEN_LOOKS = 0.5
_SETTLE_VARIABLE = "GOSTACK_KUBERNETES_SETTLE_SECONDS"
_SETTLE_SECONDS = 10.0
_STUCK_VARIABLE = "GOSTACK_KUBERNETES_STUCK_SECONDS"
_STUCK_SECONDS = 10.0

Tell = Callable[[str], None]


class NotReady(Exception):  # noqa: N818
    """The object is there and was not ready in time."""

    def __init__(self, message: str, live: Manifest, reasons: list[str]) -> None:
        super().__init__(message)
        self.live = live
        self.reasons = reasons


def seconds_for(manifest: Manifest, custom: float) -> float:
    """How long to wait: the resource's `custom_timeouts`, else its annotation, else what the kind has."""
    written = annotation(manifest, TIMEOUT_SECONDS)
    if custom > 0:
        return custom
    return float(written) if written and written.isdigit() else default_seconds(manifest)


def until_ready(cluster: Cluster, live: Manifest, seconds: float, over: threading.Event, tell: Tell) -> Manifest:
    """The object once it is ready. Raises `NotReady` when it fails, in time or for good, or the wait is called off."""
    judge = judge_of(live)
    if judge is None:
        return live
    name = at(live, "metadata", "name")
    deadline = time.monotonic() + seconds
    ready_since: float | None = None
    stuck_since: float | None = None
    said_by_pods: dict[str, None] = {}
    while True:
        verdict = _judged(judge, live, cluster)
        said_by_pods |= dict.fromkeys(reason for reason in verdict.reasons if reason.startswith("[Pod "))
        ready_since = (ready_since or time.monotonic()) if verdict.ready else None
        if ready_since is not None and _has_settled(verdict, ready_since):
            tell("")
            return live
        if verdict.hopeless:
            # A job that ran out of time has lost its pods, and pods that are ending no longer say why.
            reasons = list(dict.fromkeys([*verdict.reasons, *said_by_pods]))
            raise NotReady(f"Resource '{name}' was created but failed to initialize", live, reasons)
        stuck_since = (stuck_since or time.monotonic()) if verdict.stuck else None
        if stuck_since is not None and time.monotonic() - stuck_since >= _seconds(_STUCK_VARIABLE, _STUCK_SECONDS):
            raise NotReady(f"'{name}' will not be Ready: {verdict.stuck}", live, verdict.reasons)
        if over.is_set():
            raise NotReady(f'Resource operation was cancelled for "{name}"', live, verdict.reasons)
        if time.monotonic() >= deadline:
            if verdict.ready:
                return live
            raise NotReady(f"'{name}' timed out waiting to be Ready", live, verdict.reasons)
        if verdict.progress:
            tell(verdict.progress)
        over.wait(_SECONDS_BETWEEN_LOOKS)
        live = _look(cluster, live)


def verdict_now(cluster: Cluster, live: Manifest) -> Verdict:
    """The object's state at this moment."""
    judge = judge_of(live)
    return READY if judge is None else judge(live, cluster)


def until_gone(cluster: Cluster, manifest: Manifest, seconds: float, over: threading.Event) -> None:
    """Return once the object is gone. Raises `NotReady` when it is still there in the end."""
    uid = at(manifest, "metadata", "uid")
    deadline = time.monotonic() + seconds
    while True:
        live = cluster.get(manifest)
        # The same name made anew by somebody else is not the one that was removed.
        if live is None or (uid and at(live, "metadata", "uid") != uid):
            return
        kind, name = live.get("kind"), at(live, "metadata", "name")
        held = at(live, "metadata", "finalizers") or []
        reasons = [f"finalizers that hold it: {', '.join(held)}"] if held else []
        if over.is_set():
            raise NotReady(f'Resource operation was cancelled for "{name}"', live, reasons)
        if time.monotonic() >= deadline:
            raise NotReady(f'Timed out waiting for deletion of {kind} "{name}"', live, reasons)
        over.wait(_SECONDS_BETWEEN_LOOKS)


def _judged(judge: Judge, live: Manifest, cluster: Cluster) -> Verdict:
    try:
        return judge(live, cluster)
    except (Unreachable, ApiError) as error:
        return Verdict(progress="Waiting for the API server", reasons=[str(error)])


def _look(cluster: Cluster, live: Manifest) -> Manifest:
    try:
        return cluster.get(live) or live
    except (Unreachable, ApiError):
        # An API server that restarts is back soon; the deadline decides.
        return live


def _seconds(variable: str, usual: float) -> float:
    return float(os.environ.get(variable) or usual)


def _has_settled(verdict: Verdict, since: float) -> bool:
    # The official provider gives the endpoints of a service this long to settle.
    needed = _seconds(_SETTLE_VARIABLE, _SETTLE_SECONDS) if verdict.settles else 0.0
    return time.monotonic() - since >= needed
