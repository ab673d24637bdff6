"""Whether a stack on a cluster is what its settings say: every part with all its replicas, in every region.

A pod of a service is ready only while clients of Consul find its instance (components/microservice/kubernetes.py), so
that replicas that are available are those that pass in Consul.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from components.demands import INGRESS_REPLICAS
from components.ingress.login import oidc_logins
from components.ingress.login_proxy import REPLICAS, login_service
from components.ingress.tracks import STABLE
from components.kubernetes.names import (
    ACCESSORY,
    APPLICATION,
    CONSUL_SERVER,
    DYNAMIC_CONFIGURATION,
    JOB,
    MYSQL,
    NGINX,
    TELEMETRY,
)
from components.names import cron_job_name
from infra.settings import Settings
from infra.settings.names import namespaces
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.kubernetes.report import last_words, pod_problem, refusals

PATIENCE_SECONDS = 120.0
_SECONDS_BETWEEN_LOOKS = 2.0

Object = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of a region, as the settings want it."""

    title: str
    """What people call it."""

    namespace: str
    """Where it is."""

    labels: dict[str, str]
    """Labels of its Deployment or StatefulSet and of its pods."""

    replicas: int
    """Pods that must be available, at least."""

    region: str = ""

    cron_jobs: tuple[str, ...] = ()
    """Names of the CronJobs that it is instead of pods."""


def expected(settings: Settings, stack: str) -> Iterator[Part]:
    """Yield every part that the settings describe."""
    in_namespaces = namespaces(stack, settings)
    for region in settings.ordered_regions():
        namespace = in_namespaces[region]

        def part(title: str, role: str, replicas: int, here: str = namespace, place: str = region, **more: str) -> Part:
            labels = {"gostack.role": role, **{f"gostack.{key}": value for key, value in more.items()}}
            return Part(f"{title} in the region {place}", here, labels, replicas, place)

        yield part("consul", CONSUL_SERVER, settings.consul.servers)
        yield part("the ingress", NGINX, INGRESS_REPLICAS)
        if settings.aws is None:
            if region == settings.mysql.primary:
                yield part("the primary of mysql", MYSQL, 1, member="primary")
            if settings.mysql.topology == "replica":
                yield part("the replica of mysql", MYSQL, 1, member="replica")
        if settings.has_telemetry and region == settings.ordered_regions()[0]:
            yield part("the telemetry", TELEMETRY, 1)
        for name, accessory in settings.accessories.items():
            if region in accessory.runs_in(settings.ordered_regions()):
                yield part(name, ACCESSORY, 1, service=name)
        for name in oidc_logins(settings.ingress.logins):
            keeper = {"service": login_service(name), "track": STABLE}
            yield part(f"what keeps the sessions of {name}", APPLICATION, REPLICAS["kubernetes"], **keeper)
        for name, service in settings.services.items():
            if service.document() is not None:
                yield part(f"the settings of {name}", DYNAMIC_CONFIGURATION, 1, service=name)
            for track in service.tracks():
                title = name if track.suffix == "" else f"{name} ({track.name})"
                yield part(title, APPLICATION, track.replicas, service=name, track=track.name)
            # They run for all regions.
            if service.schedules and settings.aws is None and region == settings.ordered_regions()[0]:
                found = part(f"the schedules of {name}", JOB, len(service.schedules), service=name)
                yield replace(found, cron_jobs=tuple(cron_job_name(name, one) for one in service.schedules))


def wait_until_complete(
    api: ClusterApi, settings: Settings, stack: str, patience: float = PATIENCE_SECONDS
) -> list[str]:
    """Wait until every part has its replicas; return what is missing then, why, and the last words of it.

    `patience` is in seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        missing = [part for part in expected(settings, stack) if available(api, stack, part) < part.replicas]
        if not missing:
            return []
        if time.monotonic() >= deadline:
            return [line for part in missing for line in reasons(api, stack, part)]
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def available(api: ClusterApi, stack: str, part: Part) -> int:
    """Return how many pods of a part are available, of those that its controllers made by their newest template; of
    schedules, how many are in force."""
    if part.cron_jobs:
        return len(_in_force(api, stack, part))
    found = 0
    for kind in ("deployments", "statefulsets"):
        for owner in _items(api, f"/apis/apps/v1/namespaces/{part.namespace}/{kind}", stack, part):
            status: Object = owner["status"]
            if (status.get("observedGeneration") or 0) < (owner["metadata"].get("generation") or 0):
                continue
            ready = status.get("availableReplicas" if kind == "deployments" else "readyReplicas") or 0
            # What runs from an older template is not what the settings say.
            found += min(ready, status.get("updatedReplicas") or 0)
    return found


def reasons(api: ClusterApi, stack: str, part: Part) -> list[str]:
    """Return a line that says how many replicas of a part there are, then indented ones that say why."""
    if part.cron_jobs:
        in_force = _in_force(api, stack, part)
        return [
            f"{part.title}: {len(in_force)} of {part.replicas} are in force",
            *(f"  {name}: its CronJob is gone or suspended" for name in part.cron_jobs if name not in in_force),
        ]
    lines = [f"{part.title}: {available(api, stack, part)} of {part.replicas} replicas are available"]
    here = f"{part.namespace}/"
    owners = {
        str(item["metadata"]["name"])
        for path in ("apps/v1/namespaces/{}/replicasets", "apps/v1/namespaces/{}/statefulsets")
        for item in _items(api, f"/apis/{path.format(part.namespace)}", stack, part)
    }
    lines += [f"  {text}" for text in refusals(api, stack) if text.split(" ")[0].removeprefix(here) in owners]
    for pod in _items(api, f"/api/v1/namespaces/{part.namespace}/pods", stack, part):
        problem = pod_problem(pod)
        if problem:
            lines += [f"  {pod['metadata']['name']}: {problem}", *(f"  {line}" for line in last_words(api, pod))]
    return lines


def _in_force(api: ClusterApi, stack: str, part: Part) -> set[str]:
    found = _items(api, f"/apis/batch/v1/namespaces/{part.namespace}/cronjobs", stack, part)
    return {str(one["metadata"]["name"]) for one in found if not one["spec"].get("suspend")} & set(part.cron_jobs)


def _items(api: ClusterApi, path: str, stack: str, part: Part) -> list[Object]:
    labels = {key.replace(".", "_"): value for key, value in part.labels.items()}
    return api.items(path, gostack_stack=stack, **labels)
