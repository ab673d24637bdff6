"""A schedule of a service: when one of its tasks runs by itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from components.section import Section

_WORDS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(\*|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>[1-9]\d{0,2}))?")
"""What stands between the commas of a field, as https://pkg.go.dev/github.com/robfig/cron/v3 reads it: Kubernetes and
the scheduler on Docker both do so."""


def _cron(value: str) -> str:
    if value in _WORDS:
        return value
    fields = value.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f'"{value}" is not a schedule: write minute, hour, day of the month, month and day of the week, like '
            '"30 3 * * *" for half past three every night, or a word like "@daily".'
        )
    for text, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        for part in text.split(","):
            if not _valid(part, least, most, names):
                raise ValueError(
                    f'"{value}" is not a schedule: "{part}" is no {name}, which is a number from {least} to {most}, a '
                    'range like "1-5", "*", or steps like "*/10".'
                )
    return value


def _valid(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    ends = [found[key].lower() for key in ("first", "last") if found[key] is not None]
    known = [
        names.index(end) + least if end in names else int(end) if end.isascii() and end.isdigit() else -1
        for end in ends
    ]
    return all(least <= number <= most for number in known) and known == sorted(known)


# It looks through a folder of some hundred files.
_zones = cache(available_timezones)


def _zone(value: str) -> str:
    known = _zones()
    # A machine without a list of zones cannot tell.
    if known and value not in known:
        raise ValueError(f'"{value}" is not a time zone; write it like "Europe/Berlin" or "Etc/UTC".')
    return value


class Schedule(Section):
    """A task that runs at certain times, once over all regions."""

    cron: Annotated[str, AfterValidator(_cron)]
    """Minute, hour, day of the month, month and day of the week, for example "30 3 * * mon-fri"; or @hourly, @daily,
    @weekly, @monthly, @yearly."""

    time_zone: Annotated[str, AfterValidator(_zone)] = "Etc/UTC"
    """Zone in which these are read, for example "Europe/Berlin". Where clocks are changed, an hour that is skipped has
    no run."""

    task: str
    """Name of the task in `tasks`."""

    concurrency: Literal["forbid", "allow", "replace"] = "forbid"
    """What happens when the run before still goes on: `forbid` leaves the new one out, `allow` begins it beside that,
    `replace` ends the one before first."""

    deadline_seconds: Annotated[int, Field(ge=1, le=86400)] = 3600
    """Time in seconds after which a run is ended and has failed."""
