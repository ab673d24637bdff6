"""Faults that outlast every timeout in the stack: what is away for minutes must be in traffic again within seconds once
the cause is gone, without a person and without `make up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from docker.errors import APIError
from docker.models.containers import Container

from drills.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from drills.probe import SERVICE as PROBE
from drills.probe import instance_that_answers
from drills.scene import DrillError, Scene
from operations.instances import DiscoveryError, Instance, compared, registered_replicas, wanted_replicas
from operations.live import wait_until

RECOVERY_SECONDS = 10
"""Time in seconds after the end of the cause in which everything must be in traffic again."""

_WATCHED_SECONDS = 90
_RATE = 20

BACK_IN_SECONDS = (
    Criterion("recovered", "<", RECOVERY_SECONDS),
    Criterion("whole_after_seconds", "<", RECOVERY_SECONDS),
    Criterion("in_traffic_after_seconds", "<", RECOVERY_SECONDS),
    Criterion("instances_missing", "==", 0),
    NO_ROW_LOST,
)
"""What every outage is judged by."""


def outage(
    name: str,
    purpose: str,
    begin: Callable[[Scene], None],
    end: Callable[[Scene], None],
    *criteria: Criterion,
) -> Drill:
    """Return the drill of something that is away for `Scene.outage_seconds`.

    `begin` takes it away, `end` brings back the cause alone; both must be harmless when they are called twice, because
    `end` is the clean-up, too.
    """

    def act(scene: Scene) -> None:
        scene.observe("outage_seconds", scene.outage_seconds)
        begin(scene)
        time.sleep(scene.outage_seconds)
        end(scene)
        # What has to recover is counted from here.
        scene.strike()
        _watch(scene)

    return Drill(
        name=name,
        purpose=f"{purpose} for minutes; recovery counts from the end of the cause, and nobody runs `make up`.",
        act=act,
        criteria=(*criteria, *BACK_IN_SECONDS),
        load=LoadPlan(rate=_RATE, probe_rate=_RATE, after_seconds=RECOVERY_SECONDS),
        clean_up=end,
    )


def kill(scene: Scene, containers: Iterable[Container]) -> None:
    """Kill containers, which the engine does not start again by itself, and remember them for `start_again`."""
    victims = list(containers)
    scene.notes["victims"] = victims
    for container in victims:
        container.kill()


def start_again(scene: Scene) -> None:
    """Start what was killed, in the order in which it was."""
    for container in scene.notes.get("victims", []):
        container.start()


def _watch(scene: Scene) -> None:
    """Observe when every replica is registered and passes, and when each has answered through its own region's
    ingress."""
    began = time.monotonic()
    whole: float | None = None
    silent = {region: _names(scene, region) for region in scene.regions}
    in_traffic: float | None = None
    while time.monotonic() - began < _WATCHED_SECONDS and (whole is None or in_traffic is None):
        if whole is None and missing_instances(scene) == 0:
            whole = time.monotonic() - began
        for region, names in silent.items():
            names.discard(instance_that_answers(scene, region))
        if in_traffic is None and not any(silent.values()):
            in_traffic = time.monotonic() - began
        time.sleep(0.1)
    scene.observe("whole_after_seconds", _WATCHED_SECONDS if whole is None else whole)
    scene.observe("in_traffic_after_seconds", _WATCHED_SECONDS if in_traffic is None else in_traffic)
    scene.observe("instances_missing", missing_instances(scene))


def _names(scene: Scene, region: str) -> set[str]:
    replicas = scene.stack.workspace.settings.services[PROBE].replicas
    return {f"{PROBE}-{region}-{index}" for index in range(replicas)}


def missing_instances(scene: Scene) -> int:
    """How many replicas of how all services are not passing, by each region's Consul."""
    settings = scene.stack.workspace.settings
    wanted = wanted_replicas(settings)
    known: list[Instance] = []
    for region, url in scene.consul_urls.items():
        try:
            known += registered_replicas(settings.services, region, url)
        except DiscoveryError:
            continue
    return sum(max(0, one.wanted - one.passing) for one in compared(wanted, known))


def wait_for_primary(scene: Scene, seconds: float = 120) -> None:
    """Wait until exactly one member of MySQL takes writes."""

    def one_takes_writes() -> bool:
        try:
            return bool(scene.primary.name)
        except (AssertionError, DrillError, APIError):
            # A server that starts refuses in many ways.
            return False

    wait_until(one_takes_writes, seconds, "MySQL takes writes")
