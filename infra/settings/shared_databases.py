"""What services that use the schema of another one may refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings.model import Settings


def shared_database_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence about each service that uses a schema which is not there."""
    owners = [name for name, service in settings.services.items() if service.own_schema is not None]
    known = f"use one of {', '.join(sorted(owners))}" if owners else "write database: {} for a schema of its own"
    for name, service in settings.services.items():
        owner = service.database_owner(name)
        if owner is None or owner in owners:
            continue
        other = settings.services.get(owner)
        if other is None:
            what = "which is no service"
        elif other.database is None:
            what = "which has no database"
        else:
            what = "which has no schema of its own"
        yield f'gostack:services.{name}.database.service is "{owner}", {what}: {known}.'
