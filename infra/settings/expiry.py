"""When a stack that was made for a while may be removed, as its file and its namespaces say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def expiry_time(text: str) -> datetime:
    """Return the time that a text like "2026-11-30T12:00:00Z" stands for; raises ValueError for another text."""
    try:
        return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f'"{text}" is not a time in UTC; write it in quotes, like "2026-11-30T12:00:00Z".') from None


def expiry_text(time: datetime) -> str:
    """Return a time as stack files and namespaces have it, in whole seconds."""
    return time.astimezone(UTC).strftime(FORMAT)


def _expiry(text: str) -> str:
    return expiry_text(expiry_time(text))


Expiry = Annotated[str, AfterValidator(_expiry)]
"""A time in UTC."""
