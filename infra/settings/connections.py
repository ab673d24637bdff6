"""How many connections to a member of the database each service may have, so that none takes those of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.aws.aurora.parameters import largest_number_of_connections
from components.kubernetes.resources import SURGE
from components.mysql.accounts import MIGRATION_CONNECTIONS

if TYPE_CHECKING:
    from infra.settings.model import Settings
    from infra.settings.services import ServiceSettings

RESERVED = 10
"""Connections of a member for the other members, for jobs that make accounts, for backups and for people."""


def replicas_at_most(settings: Settings, service: ServiceSettings) -> int:
    """Return how many replicas of a service there are at the most in all regions: every autoscaler at its maximum, and
    an update's new replicas beside the old ones."""
    total = 0
    for track in service.tracks():
        if settings.platform == "docker":
            # What an update replaces goes at its end, in all regions.
            total += 2 * track.replicas * len(settings.regions)
        else:
            most = service.autoscaling.maximum if service.autoscaling is not None else track.replicas
            total += (most + SURGE) * len(settings.regions)
    return total


def account_connections(settings: Settings, name: str) -> int:
    """Return the connections that the account of a service with a schema may have to a member."""
    return _replicas(settings, name) * (_given(settings.services[name]) or _share(settings))


def connection_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about the service that asks for most, when all together do not fit into a member."""
    services = _with_schema(settings)
    replicas = {name: _replicas(settings, name) for name in services}
    # Where nothing is given, a replica needs one at least.
    needed = {name: replicas[name] * (_given(service) or 1) for name, service in services.items()}
    rest = _rest(settings)
    total = sum(needed.values()) + rest
    limit, what, more = _limit(settings)
    if not needed or total <= limit:
        return
    largest = max(needed, key=lambda name: (needed[name], name))
    given = _given(services[largest])
    others = sum(needed.values()) - needed[largest]
    fits = (limit - rest - others) // replicas[largest]
    users = _users(settings, largest)
    of = f" of {', '.join(users)}" if len(users) > 1 else ""
    lower = f"lower it to {fits}, or " if given is not None and fits >= 1 else ""
    yield (
        f"gostack:services.{largest}.database.max_connections is {given or 'not given, so at least 1'} for each of "
        f"{replicas[largest]} replicas{of} (all regions and tracks, autoscaled to the maximum, while an update goes "
        f"on), which is {needed[largest]}; the other services have {others}, migrations and the stack itself {rest}: "
        f"{total} together, and {what} is {limit}: {lower}{more} to {total}."
    )


def _share(settings: Settings) -> int:
    """Return the connections of each replica of the services that do not say how many."""
    services = _with_schema(settings)
    left = _limit(settings)[0] - _rest(settings)
    left -= sum((_given(service) or 0) * _replicas(settings, name) for name, service in services.items())
    sharing = sum(_replicas(settings, name) for name, service in services.items() if _given(service) is None)
    return max(left // sharing, 1)


def _rest(settings: Settings) -> int:
    return RESERVED + MIGRATION_CONNECTIONS * len(_with_schema(settings))


def _limit(settings: Settings) -> tuple[int, str, str]:
    """Return what a member accepts, what that is called, and what raises it."""
    if settings.aws is None:
        return settings.mysql.max_connections, "gostack:mysql.max_connections", "raise gostack:mysql.max_connections"
    instance_class = settings.aws.sizing().instance_class
    return (
        largest_number_of_connections(instance_class),
        f"what an instance of the class {instance_class} accepts",
        "choose a larger gostack:aws.database.instance_class, which brings it",
    )


def _with_schema(settings: Settings) -> dict[str, ServiceSettings]:
    return {name: service for name, service in settings.services.items() if service.own_schema is not None}


def _users(settings: Settings, owner: str) -> list[str]:
    """Return the services that connect with the account of one: itself, and those that use its schema."""
    return [name for name, service in settings.services.items() if service.database_owner(name) == owner]


def _replicas(settings: Settings, owner: str) -> int:
    return sum(replicas_at_most(settings, settings.services[name]) for name in _users(settings, owner))


def _given(service: ServiceSettings) -> int | None:
    return service.database.max_connections if service.database is not None else None
