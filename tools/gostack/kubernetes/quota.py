"""The quota of a region that becomes smaller: what goes has to go first, and Pulumi removes it last.

An update lowers the quota before anything else, and deletes after everything else. While what is deleted is still
there, a smaller quota may have no room for the new pods of the same update, which then fails, and so does every one
after it. So such an update is made with the quota as it was, and a second one lowers it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from components.kubernetes.resources import Demand
from infra.settings import Settings
from infra.settings.cluster_demand import region_quota, region_surge
from infra.settings.names import namespaces
from tools.gostack.kubernetes.api import ClusterApi, NotFoundError
from tools.gostack.lifecycle.workspace import Workspace

_FACTORS = {
    "": 1.0,
    "m": 0.001,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
_MIB = 2.0**20
_GIB = 2.0**30


def amount(quantity: str) -> float:
    """Return the number that a quantity of Kubernetes stands for: 500m is 0.5, 2Ki is 2048."""
    digits = quantity.rstrip("mkMGTi")
    return float(digits) * _FACTORS[quantity[len(digits) :]]


def quota_to_keep(api: ClusterApi, settings: Settings, stack: str) -> dict[str, float]:
    """Return `gostack:kubernetes.quota` as it has to be until what goes has gone; empty when nothing has to wait."""
    kept: dict[str, float] = {}
    for region, namespace in namespaces(stack, settings).items():
        try:
            path = f"/api/v1/namespaces/{namespace}/resourcequotas/{region}-quota"
            live: dict[str, Any] = api.get(path)
        except NotFoundError:
            continue
        hard = _amounts(live["spec"].get("hard") or {})
        used = _amounts(live.get("status", {}).get("used") or {})
        wanted = _of_demand(region_quota(settings, region))
        surge = _of_demand(region_surge(settings, region))
        lowered = [name for name in wanted if wanted[name] < hard.get(name, 0)]
        if any(used.get(name, 0) + surge[name] > wanted[name] for name in lowered):
            both = {name: max(wanted[name], hard.get(name, 0)) for name in wanted}
            for key, value in _settings_of(both).items():
                kept[key] = max(value, kept.get(key, 0))
    return kept


def keep_quota(workspace: Workspace, quota: Mapping[str, float]) -> None:
    """Write a quota into the configuration that the next command reads; `Workspace.prepare` takes it out again."""
    document: Any = yaml.safe_load(workspace.configuration_file.read_text(encoding="utf-8"))
    document["config"].setdefault("gostack:kubernetes", {})["quota"] = dict(quota)
    workspace.configuration_file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _amounts(quantities: Mapping[str, str]) -> dict[str, float]:
    return {name: amount(str(text)) for name, text in quantities.items()}


def _of_demand(demand: Demand) -> dict[str, float]:
    """A demand under the names of a ResourceQuota."""
    return {
        "requests.cpu": demand.cpu_requests,
        "limits.cpu": demand.cpu_limits,
        "requests.memory": demand.memory_requests_mib * _MIB,
        "limits.memory": demand.memory_limits_mib * _MIB,
        "pods": demand.pods,
        "requests.storage": demand.storage_gib * _GIB,
    }


def _settings_of(hard: Mapping[str, float]) -> dict[str, float]:
    """The least `gostack:kubernetes.quota` that allows all of it."""
    return {
        "cpus": max(hard["requests.cpu"], hard["limits.cpu"] / 2),
        "memory_gib": math.ceil(max(hard["requests.memory"], hard["limits.memory"] / 2) / _GIB),
        "pods": math.ceil(hard["pods"]),
        "storage_gib": math.ceil(hard["requests.storage"] / _GIB),
    }
