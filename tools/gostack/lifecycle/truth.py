"""Whether a stack on Docker is what its settings say: every replica in Consul, and passing. What is not is mended where
that is possible, and told where it is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from infra.settings import Settings
from tools.gostack.lifecycle.instances import (
    DiscoveryError,
    Instance,
    Standing,
    compared,
    forget_agents,
    registered_replicas,
    wanted_replicas,
    wanted_schedulers,
)
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.repair import revive
from tools.gostack.lifecycle.replicas import (
    Replica,
    explanation,
    has_its_service,
    identity,
    register_again,
    replicas,
    unregistered,
)
from tools.gostack.lifecycle.workers import worker_instances

SPREADING_SECONDS = 20.0
"""Time in seconds that Consul may need for an agent to join and for what it says to be known, beside a replica's own
start."""

_LOOKS_EVERY_SECONDS = 1.0
_MENDS_EVERY_SECONDS = 10.0


def forget_what_is_gone(objects: StackObjects, urls: Mapping[str, str]) -> Iterator[str]:
    """Make Consul forget agents whose pod is not on the engine any more; tell of each."""
    pods = [identity(container) for container in objects.containers()]
    for region, url in urls.items():
        try:
            for name in forget_agents(region, url, pods):
                yield f"{name} was killed and is gone: forgotten by Consul of {region}"
        except DiscoveryError:
            # Whoever asks for the replicas tells of it.
            continue


def wait_until_whole(
    settings: Settings, objects: StackObjects, urls: Mapping[str, str], tell: Callable[[str], None]
) -> list[str]:
    """Wait until every replica that the settings ask for passes its check, mending what does not come by itself.

    `urls` are Consul's HTTP interfaces by region (the stack's output `consul`); `tell` gets a sentence for each thing
    that was mended. The patience is what the services that are not whole may take to start. Returns what is missing,
    a text for each place; empty when nothing is.
    """
    began = time.monotonic()
    mended_at: float | None = None
    restarted: set[str] = set()
    while True:
        standings, known, problems = look(settings, objects, urls)
        lacking = [one for one in standings if one.lacks]
        if not lacking and not problems:
            return []
        now = time.monotonic()
        seconds = max((settings.services[one.place.service].startup_timeout_seconds for one in lacking), default=0)
        if now - began > seconds + SPREADING_SECONDS:
            return [*problems, *_explanations(lacking, settings, objects)]
        if mended_at is None or now - mended_at >= _MENDS_EVERY_SECONDS:
            for sentence in revive(objects):
                tell(sentence)
            # At the first look the datacenter may only be about to know what its agents know.
            for replica in _to_register(objects, lacking, known, patient=mended_at is None):
                if replica.pod not in restarted:
                    restarted.add(replica.pod)
                    tell(register_again(replica))
            mended_at = time.monotonic()
        time.sleep(_LOOKS_EVERY_SECONDS)


def what_fails(settings: Settings, objects: StackObjects, urls: Mapping[str, str]) -> list[str]:
    """Return what does not pass at this moment, also where enough others do: a text for each place.

    Nothing of a stack without a replica: whatever stopped its update came before them.
    """
    if not replicas(objects):
        return []
    standings, _, problems = look(settings, objects, urls)
    return [*problems, *_explanations(standings, settings, objects)]


def _explanations(standings: Sequence[Standing], settings: Settings, objects: StackObjects) -> list[str]:
    held = replicas(objects)
    return [text for one in standings if (text := explanation(one, held, settings))]


def look(
    settings: Settings, objects: StackObjects, urls: Mapping[str, str]
) -> tuple[list[Standing], list[Instance], list[str]]:
    """Return how every place stands, what is known, and which regions' Consul could not be asked, a sentence each."""
    known = worker_instances(settings, objects)
    problems: list[str] = []
    wanted = {**wanted_replicas(settings), **wanted_schedulers(settings)}
    for region, url in urls.items():
        try:
            called = [name for name, service in settings.services.items() if service.kind == "service"]
            known += registered_replicas(called, region, url)
        except DiscoveryError as error:
            problems.append(str(error))
            wanted = {place: number for place, number in wanted.items() if place.region != region}
    return compared(wanted, known), known, problems


def _to_register(
    objects: StackObjects, lacking: Sequence[Standing], known: Sequence[Instance], *, patient: bool
) -> list[Replica]:
    places = {one.place for one in lacking}
    lost = [one for one in unregistered(replicas(objects), known) if one.place in places]
    return [one for one in lost if not (patient and has_its_service(one))]
