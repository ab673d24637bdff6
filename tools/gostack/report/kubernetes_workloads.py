"""Deployments and StatefulSets that are changed in place: why their pods are replaced, and what users notice of it.

A Deployment's pods roll with a new one ready before an old one goes; a StatefulSet's, which hold data, restart one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable

from tools.gostack.report.changes import Change, Difference
from tools.gostack.report.place import labels_of

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
TEMPLATE = "spec.template"

_REASONS = (
    (".image", "new image"),
    (".env", "new environment"),
    (".resources", "other resource limits"),
    ("Probe", "another probe"),
    (".volumes", "other volumes"),
    (".command", "another command"),
    (".args", "other arguments"),
)


def restarts(change: Change) -> Difference | None:
    """Return the property that replaces a workload's pods; None when they stay."""
    if change.operation != "update" or change.type not in (DEPLOYMENT, STATEFUL_SET):
        return None
    found = [item for item in change.differences if item.path.startswith(TEMPLATE)]
    return min(found, key=lambda item: (_position(item.path), item.path), default=None)


def workload_role(change: Change) -> str:
    """Return what a workload does, by its label."""
    return labels_of(change.inputs).get("gostack.role", "") if change.type in (DEPLOYMENT, STATEFUL_SET) else ""


def reason(changes: Iterable[Change]) -> str:
    """Return what is new in the pods of updated workloads; empty when there are none."""
    paths = [difference.path for change in changes if (difference := restarts(change)) is not None]
    if not paths:
        return ""
    path = min(paths, key=lambda item: (_position(item), item))
    position = _position(path)
    return _REASONS[position][1] if position < len(_REASONS) else f"new `{path}`"


def _position(path: str) -> int:
    return next((index for index, (part, _) in enumerate(_REASONS) if part in path), len(_REASONS))
