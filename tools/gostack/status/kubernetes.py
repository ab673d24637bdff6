"""What a stack on a Kubernetes cluster has: pods that are available, of the newest template of their controllers."""

from __future__ import annotations

from collections.abc import Sequence

from infra.settings import Settings
from tools.gostack.kubernetes.api import ClusterApi
from tools.gostack.kubernetes.instances import available, expected, reasons
from tools.gostack.lifecycle.instances import SCHEDULES
from tools.gostack.running.replica import RunningReplica, images_of
from tools.gostack.status.model import DatabaseMember, ReplicaCount, judged, one_sentence

_SERVICE_OF_ROLE = {"consul-server": "consul", "nginx": "ingress"}


def counted(
    settings: Settings, api: ClusterApi, stack: str, running: Sequence[RunningReplica]
) -> tuple[list[ReplicaCount], list[str]]:
    """Return how many replicas serve, and a sentence for each part of a region that lacks some."""
    rows: list[ReplicaCount] = []
    problems: list[str] = []
    for part in expected(settings, stack):
        role = part.labels["gostack.role"]
        if role == "mysql":
            continue
        found = available(api, stack, part)
        if found < part.replicas:
            problems.append(one_sentence(reasons(api, stack, part)))
        service = _SERVICE_OF_ROLE.get(role) or part.labels["gostack.service"]
        track = SCHEDULES if part.cron_jobs else part.labels.get("gostack.track", "")
        if role == "dynamic-configuration":
            continue
        here = [one for one in running if (one.service, one.track, one.region) == (service, track, part.region)]
        rows.append(ReplicaCount(service, track, part.region, images_of(here), found, part.replicas))
    return rows, problems


def members(
    settings: Settings, stack: str, running: Sequence[RunningReplica]
) -> tuple[list[DatabaseMember], list[str]]:
    """Return MySQL's members with their roles, and a sentence for each that does not serve."""
    wanted = [
        (part.region, part.labels["gostack.member"])
        for part in expected(settings, stack)
        if part.labels["gostack.role"] == "mysql"
    ]
    known = {(one.region, one.member): one for one in running if one.role == "mysql"}
    return judged([_member(region, role, known.get((region, role))) for region, role in wanted])


def _member(region: str, role: str, pod: RunningReplica | None) -> DatabaseMember:
    if pod is None or not pod.running:
        return DatabaseMember(region, role, "down")
    return DatabaseMember(region, role, "online" if pod.healthy else "not ready")
