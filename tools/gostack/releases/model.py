"""A release of a service, and how one follows the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SUCCEEDED = "succeeded"
COMMITTED = "committed"


@dataclass(frozen=True)
class Release:
    """An image that a service got."""

    number: int | None
    """Number of the update, which `gostack rollback --to` takes: the first one of the stack is 1. None for a release
    that only the log of the stack file knows."""

    service: str
    image: str
    """Name with tag or digest; empty where neither the state nor the stack file says it."""

    time: str
    """Start of the update, in UTC as 2026-01-31T12:00:00Z."""

    who: str
    """Who is the committer of this checkout, or wrote the commit; empty when nobody knows."""

    commit: str
    """Commit that was checked out; empty when nobody knows."""

    changed: bool
    """Whether files differed from that commit."""

    message: str
    """First line of that commit's message."""

    result: str
    """`succeeded`, `failed`, `in-progress`; `committed` for what only the log of the stack file knows."""


def changes(updates: Iterable[Release]) -> list[Release]:
    """Return the updates after which a service had another image than before, and those that failed; oldest first."""
    current: dict[str, str] = {}
    found: list[Release] = []
    for one in updates:
        if one.result == SUCCEEDED and current.get(one.service) == one.image:
            continue
        found.append(one)
        if one.result == SUCCEEDED:
            current[one.service] = one.image
    return found
