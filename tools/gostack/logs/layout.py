"""How a line of a log is shown: to a person, or to another program."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import typer

from tools.gostack.logs.line import LogLine
from tools.gostack.printable import printable

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow", "bright_green")
_LEVELS = {"WARN": "yellow", "WARNING": "yellow", "ERROR": "red", "FATAL": "red"}
# The prefix has service, region and track, and the line its time; spans are for programs.
_SHOWN_ELSEWHERE = frozenset(
    {
        *("timestamp", "time", "ended", "level", "message", "msg", "service", "region", "track"),
        *("span_id", "parent_id"),
    }
)
_NANOSECONDS = 1_000_000_000


def readable(line: LogLine, *, colours: bool, width: int = 0) -> str:
    """Return a line for a person: who, when, and of a JSON object level, message and fields, else the text.

    `width` is that of the prefix. What would move the cursor or change colours is escaped: clients choose some of it.
    """
    prefix = line.replica.name.ljust(width)
    if colours:
        prefix = typer.style(prefix, fg=_COLOURS[zlib.crc32(line.replica.name.encode()) % len(_COLOURS)])
    return f"{prefix} | {_time(line.time)} {_content(line, colours)}"


def as_json(line: LogLine) -> str:
    """Return a line as one JSON object: `time`, `replica`, `service`, `track`, `region`, and `line`, which is the
    object that the program wrote, or its text."""
    replica = line.replica
    return json.dumps(
        {
            "time": _moment(line.time).isoformat(timespec="microseconds"),
            "replica": replica.name,
            "service": replica.service,
            "track": replica.track,
            "region": replica.region,
            "line": line.document if line.document is not None else line.text,
        }
    )


def _content(line: LogLine, colours: bool) -> str:
    document = line.document
    if document is None:
        return _printable(line.text)
    level = str(document.get("level", "")).upper()
    shown = level.ljust(5)
    if colours and level in _LEVELS:
        shown = typer.style(shown, fg=_LEVELS[level])
    message = _printable(str(document.get("message", document.get("msg", ""))))
    fields = [f"{_printable(key)}={_value(value)}" for key, value in document.items() if _tells(document, key, value)]
    return " ".join(part for part in (shown, message, *fields) if part)


def _tells(document: dict[str, Any], key: str, value: Any) -> bool:
    if key in _SHOWN_ELSEWHERE or value in ("", None):
        return False
    # The ingress's message is made of these two, and a trace that begins there has the request's identity.
    if key in ("method", "path"):
        return value not in str(document.get("message", "")).split()
    return key != "trace_id" or value != document.get("request_id")


def _value(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and " " not in value:
        return value
    return json.dumps(value)


def _printable(text: str) -> str:
    return printable(text, kept="\t")


def _moment(time: int) -> datetime:
    seconds, rest = divmod(time, _NANOSECONDS)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)


def _time(time: int) -> str:
    return _moment(time).strftime("%H:%M:%S.%f")[:-3]
