"""A line of a replica's log: its time, what it is about, and whether somebody asked for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from tools.gostack.environment.errors import UserError
from tools.gostack.running.replica import RunningReplica

_SECOND = 1_000_000_000
_DURATION = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_IDENTITIES = ("request_id", "trace_id")


@dataclass(frozen=True, order=True)
class LogLine:
    """A line, ordered by its time."""

    time: int
    """Nanoseconds of the epoch, when the line was written."""

    replica: RunningReplica = field(compare=False)
    text: str = field(compare=False)

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The line as a JSON object; None for any other."""
        if not self.text.startswith("{"):
            return None
        try:
            return cast("dict[str, Any]", json.loads(self.text))
        except ValueError:
            return None


@dataclass(frozen=True)
class Wanted:
    """Which lines somebody asked for; what is empty does not matter."""

    text: str = ""
    """A part of the line as it was written."""

    request: str = ""
    """A `request_id` or `trace_id`; of a line that is no JSON object, a part."""

    def __call__(self, line: LogLine) -> bool:
        """Whether the line is one of them."""
        return self.text in line.text and (not self.request or self._is_about_it(line))

    def _is_about_it(self, line: LogLine) -> bool:
        if line.document is None:
            return self.request in line.text
        return self.request in (line.document.get(key) for key in _IDENTITIES)


def lines_of(replica: RunningReplica, pieces: Iterable[bytes]) -> Iterator[LogLine]:
    """Yield the lines in pieces of a log whose lines begin with an RFC 3339 time and a space."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (_line(replica, line) for line in whole if line)
    if rest:
        yield _line(replica, rest)


def nanoseconds(text: str) -> int:
    """Return an RFC 3339 time, with up to nine digits after the second, in nanoseconds of the epoch."""
    found = re.fullmatch(r"([^.]+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        raise ValueError(f"{text!r} is no RFC 3339 time")
    whole, fraction, zone = found.groups()
    seconds = int(datetime.fromisoformat(f"{whole}{zone}").timestamp())
    return seconds * _SECOND + int((fraction or "0").ljust(9, "0")[:9])


def since(text: str, now: float) -> float:
    """Return the moment that `--since` means, in seconds of the epoch: a duration before `now`, or a time.

    Raises UserError for anything else.
    """
    if found := _DURATION.fullmatch(text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])}).total_seconds()
    try:
        return nanoseconds(text) / _SECOND
    except ValueError:
        raise UserError(
            f'"{text}" is no time for --since: write a duration like 30s, 10m, 2h or 1d, or 2026-01-31T12:00:00Z.'
        ) from None


def _line(replica: RunningReplica, line: bytes) -> LogLine:
    stamp, _, text = line.rstrip(b"\r").decode(errors="replace").partition(" ")
    try:
        return LogLine(nanoseconds(stamp), replica, text)
    except ValueError:
        # A remark of the runtime itself, for example that a file cannot be read.
        return LogLine(0, replica, f"{stamp} {text}".rstrip())
