"""Faults that outlast every timeout in the stack: what is away for minutes must be in traffic again within seconds once
the cause is gone, without a person and without `make up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker.errors import APIError
from docker.models.containers import Container

from infra.settings import Settings
from tests.chaos import probe
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene
from tests.support.live import wait_until
from tools.gostack.lifecycle.instances import DiscoveryError, Instance, compared, registered_replicas, wanted_replicas

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
        # Asked before anything is away: the outputs are Pulumi's, who is slower than what is measured here.
        watched = Watched.of(scene)
        begin(scene)
        time.sleep(scene.outage_seconds)
        end(scene)
        # What has to recover is counted from here.
        scene.strike()
        _watch(scene, watched)

    return Drill(
        name=name,
        purpose=f"{purpose} for minutes; recovery counts from the end of the cause, and nobody runs `make up`.",
        act=act,
        criteria=(*criteria, *BACK_IN_SECONDS),
        load=LoadPlan(rate=_RATE, probe_rate=_RATE, after_seconds=RECOVERY_SECONDS),
        services=(probe.SERVICE,),
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


@dataclass(frozen=True)
class Watched:
    """What is looked at while everything comes back."""

    entries: dict[str, str]
    """Where a client of each region finds the probe."""

    consul: dict[str, str]
    """Where each region's Consul answers."""

    settings: Settings
    authority: Path

    @classmethod
    def of(cls, scene: Scene) -> Watched:
        """Look up where everything is."""
        stack = scene.stack
        return cls(
            {region: probe.entry(scene, region) for region in scene.regions},
            dict(scene.consul_urls),
            stack.workspace.settings,
            stack.authority,
        )

    def missing(self) -> int:
        """How many replicas of all services do not pass, by each region's Consul."""
        wanted = wanted_replicas(self.settings)
        known: list[Instance] = []
        for region, url in self.consul.items():
            # What a region does not tell is missing.
            with suppress(DiscoveryError):
                known += registered_replicas(self.settings.services, region, url)
        return sum(max(0, one.wanted - one.passing) for one in compared(wanted, known))

    def probes(self, region: str) -> set[str]:
        """Names of the probe's replicas in a region."""
        return {f"{probe.SERVICE}-{region}-{index}" for index in range(self.settings.services[probe.SERVICE].replicas)}


def _watch(scene: Scene, watched: Watched) -> None:
    """Observe when every replica is registered and passes, and when each has answered through its own region's
    ingress."""
    began = time.monotonic()
    whole: float | None = None
    silent = {region: watched.probes(region) for region in watched.entries}
    in_traffic: float | None = None
    while time.monotonic() - began < _WATCHED_SECONDS and (whole is None or in_traffic is None):
        if whole is None and watched.missing() == 0:
            whole = time.monotonic() - began
        for region, names in silent.items():
            if names:
                names.discard(probe.instance_that_answers(watched.entries[region], watched.authority))
        if in_traffic is None and not any(silent.values()):
            in_traffic = time.monotonic() - began
        time.sleep(0.1)
    scene.observe("whole_after_seconds", _WATCHED_SECONDS if whole is None else whole)
    scene.observe("in_traffic_after_seconds", _WATCHED_SECONDS if in_traffic is None else in_traffic)
    scene.observe("instances_missing", watched.missing())


def wait_for_primary(scene: Scene, seconds: float = 120) -> None:
    """Wait until exactly one member of MySQL takes writes."""

    def one_takes_writes() -> bool:
        try:
            return bool(scene.primary.name)
        except (AssertionError, DrillError, APIError):
            # A server that starts refuses in many ways.
            return False

    wait_until(one_takes_writes, seconds, "MySQL takes writes")
