"""What a stack on Docker has: replicas as Consul knows them, members as MySQL itself does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from docker.errors import DockerException
from docker.models.containers import Container

from components.mysql.configuration import PROXY
from infra.settings import Settings
from tools.gostack.database.failover import FailoverError, asker, group_view, places
from tools.gostack.database.mysql_members import DatabaseError, ask_member, running_members
from tools.gostack.lifecycle.instances import SCHEDULES, Standing, wanted_replicas, wanted_schedulers
from tools.gostack.lifecycle.objects import StackObjects, health
from tools.gostack.lifecycle.replicas import explanation, replicas
from tools.gostack.lifecycle.truth import look
from tools.gostack.running.replica import RunningReplica, images_of
from tools.gostack.status.model import DatabaseMember, ReplicaCount, judged, missing, one_sentence


class Snapshot(StackObjects):
    """The stack's containers as they are at the first question: listing them costs a request each."""

    @cached_property
    def _listed(self) -> list[Container]:
        return super().containers()

    def containers(self) -> list[Container]:
        """Every container of the stack, running or not."""
        return self._listed


def counted(
    settings: Settings, objects: StackObjects, running: Sequence[RunningReplica], urls: Mapping[str, str]
) -> tuple[list[ReplicaCount], list[str]]:
    """Return how many replicas serve, and a sentence for each place where some are missing.

    `urls` are Consul's HTTP interfaces by region.
    """
    standings, _, problems = look(settings, objects, urls)
    held = replicas(objects)
    problems += [one_sentence(explanation(one, held, settings).splitlines()) for one in standings if one.lacks]
    known = {one.place: one for one in standings}
    rows = [
        # Of a region whose Consul does not answer, none is known to pass.
        _services_row(known.get(place, Standing(place, number)), running)
        for place, number in {**wanted_replicas(settings), **wanted_schedulers(settings)}.items()
    ]
    # One for clients; one by which services call each other.
    ingresses = 2 if settings.callable_services() else 1
    infrastructure = [
        row
        for region in settings.ordered_regions()
        for row in (
            _infrastructure_row("ingress", region, ingresses, running),
            _infrastructure_row("consul", region, settings.consul.servers, running),
        )
    ]
    if settings.mysql.topology == "group":
        infrastructure += [_infrastructure_row(PROXY, region, 1, running) for region in settings.ordered_regions()]
    infrastructure += [
        _infrastructure_row(name, region, 1, running)
        for name, accessory in settings.accessories.items()
        for region in accessory.runs_in(settings.ordered_regions())
    ]
    return [*rows, *infrastructure], [*problems, *missing(infrastructure)]


def members(settings: Settings, objects: StackObjects) -> tuple[list[DatabaseMember], list[str]]:
    """Return MySQL's members with their roles, and a sentence for each that is missing."""
    if settings.mysql.topology == "group":
        return _group(settings, objects)
    known = running_members(objects)
    single = settings.mysql.topology == "single"
    wanted = [settings.mysql.primary] if single else settings.ordered_regions()
    return judged([_follower(place, known.get(place)) for place in wanted])


def _services_row(standing: Standing, running: Sequence[RunningReplica]) -> ReplicaCount:
    place = standing.place
    # A scheduler has no track.
    track = "" if place.track == SCHEDULES else place.track
    here = [one for one in running if (one.service, one.track, one.region) == (place.service, track, place.region)]
    return ReplicaCount(
        place.service,
        place.track,
        place.region,
        images_of(here),
        min(standing.passing, standing.wanted),
        standing.wanted,
    )


def _infrastructure_row(service: str, region: str, wanted: int, running: Sequence[RunningReplica]) -> ReplicaCount:
    here = [one for one in running if one.service == service and one.region == region]
    return ReplicaCount(service, "", region, images_of(here), sum(one.healthy for one in here), wanted)


def _follower(place: str, container: Container | None) -> DatabaseMember:
    if container is None:
        return DatabaseMember(place, "?", "down")
    try:
        read_only = ask_member(container, "SELECT @@global.super_read_only") == ["1"]
    except (DatabaseError, DockerException):
        return DatabaseMember(place, "?", "not answering")
    state = "unhealthy" if health(container) == "unhealthy" else "online"
    return DatabaseMember(place, "replica" if read_only else "primary", state)


def _group(settings: Settings, objects: StackObjects) -> tuple[list[DatabaseMember], list[str]]:
    wanted = places(settings)
    running = running_members(objects)
    try:
        view = {one.place: one for one in group_view(asker(objects), wanted)}
    except FailoverError:
        view = {}
    found: list[DatabaseMember] = []
    for place in wanted:
        member = view.get(place)
        if member is not None:
            found.append(DatabaseMember(place, member.role.lower() or "?", member.state.lower()))
        else:
            found.append(DatabaseMember(place, "?", "not in the group" if place in running else "down"))
    return judged(found)
