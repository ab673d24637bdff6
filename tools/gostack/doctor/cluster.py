"""Preflight of a stack on Kubernetes: whether its cluster is the one that is meant, answers, and is new enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.gostack.doctor.finding import Finding

if TYPE_CHECKING:
    from infra.settings import Settings

MINIMUM_VERSION = (1, 30)
"""The first one with sidecars and waits before the stop signal switched on."""


def check_cluster(settings: Settings, project_root: Path) -> Iterator[Finding]:
    """Look at the cluster that the settings name; nothing is changed there."""
    # Late: the settings are the program's, and a broken one must not keep the other checks from running.
    from infra.settings import SettingsError
    from tools.gostack.kubernetes.api import ClusterApi, ClusterError

    try:
        api = ClusterApi.of(settings, project_root)
        version = api.version()
        yield _version(version, f'context "{api.context}" at {api.server}')
        yield _storage(api.items("/apis/storage.k8s.io/v1/storageclasses"), settings)
    except (SettingsError, ClusterError) as error:
        yield Finding("cluster", "fail", str(error), "make cluster, or another gostack:kubernetes in the stack file")


def _version(version: tuple[int, int], where: str) -> Finding:
    text = f"Kubernetes {version[0]}.{version[1]}, {where}"
    if version < MINIMUM_VERSION:
        return Finding("cluster", "fail", f"{text}, is too old", "use Kubernetes 1.30 or newer")
    return Finding("cluster", "ok", text)


def _storage(classes: list[dict[str, Any]], settings: Settings) -> Finding:
    wanted = settings.kubernetes.storage_class if settings.kubernetes is not None else None
    names = [str(_metadata(item).get("name")) for item in classes]
    if wanted is not None:
        if wanted in names:
            return Finding("storage", "ok", f'class "{wanted}"')
        known = ", ".join(sorted(names)) or "none"
        return Finding("storage", "fail", f'no class "{wanted}"', f"gostack:kubernetes.storage_class: one of {known}")
    if any(_is_default(item) for item in classes):
        return Finding("storage", "ok", "the cluster's default class")
    return Finding("storage", "fail", "no class is the default", "name one in gostack:kubernetes.storage_class")


def _metadata(item: dict[str, Any]) -> dict[str, Any]:
    return item.get("metadata") or {}


def _is_default(item: dict[str, Any]) -> bool:
    annotations: dict[str, str] = _metadata(item).get("annotations") or {}
    return annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
