"""`gostack logs`: order of time over all replicas, what is left out, and how a line is shown.

The runtime is a stand-in that gives prepared pieces: tests/integration/test_14_verbs.py reads a real engine's logs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from infra.settings import load_stack_file
from tests.support.engine import PROJECT
from tools.gostack.environment.errors import UserError
from tools.gostack.logs.command import Selection
from tools.gostack.logs.layout import as_json, readable
from tools.gostack.logs.line import LogLine, Wanted, lines_of, nanoseconds, since
from tools.gostack.logs.reader import Follower, written
from tools.gostack.running.replica import Program, RunningReplica

EAST = RunningReplica("users", "stable", "east", "users-east-0", "1")
WEST = RunningReplica("users", "stable", "west", "users-west-0", "2")
INGRESS = RunningReplica("ingress", "", "east", "ingress-east", "3", "nginx")
CANARY = RunningReplica("users", "canary", "east", "users-canary-east-0", "4")
MYSQL = RunningReplica("mysql", "", "east", "mysql-east", "5", "mysql")
SECOND = 1_000_000_000


def stamp(second: int, fraction: str = "000000000") -> str:
    return f"2026-01-01T00:00:{second:02d}.{fraction}Z"


START = nanoseconds(stamp(0)) / SECOND


class FakeRuntime:
    """Logs by replica; each time that one is read, the next text."""

    def __init__(self, **texts: list[bytes]) -> None:
        self.texts = texts
        self.held: list[RunningReplica] = []
        self.lock = threading.Lock()

    def replicas(self) -> list[RunningReplica]:
        return self.held

    def lines(self, replica: RunningReplica, since: float, *, follow: bool) -> Iterator[bytes]:
        with self.lock:
            texts = self.texts[replica.service]
            text = texts.pop(0) if texts else b""
        yield from (text[index : index + 7] for index in range(0, len(text), 7))

    def exec(self, replica: RunningReplica, command: Sequence[str], *, tty: bool) -> Program:
        raise NotImplementedError

    def debug(self, replica: RunningReplica, *, tty: bool) -> Program:
        raise NotImplementedError

    def task(self, replica: RunningReplica, name: str, arguments: Sequence[str], *, tty: bool) -> int:
        raise NotImplementedError

    def environment(self, replica: RunningReplica) -> dict[str, str]:
        raise NotImplementedError


def line(text: str, replica: RunningReplica = EAST) -> LogLine:
    return LogLine(nanoseconds(stamp(1, "234567891")), replica, text)


def test_times_are_exact_to_the_nanosecond_in_every_zone() -> None:
    assert nanoseconds(stamp(1, "000000001")) - nanoseconds(stamp(1)) == 1
    assert nanoseconds("2026-01-01T01:00:01.5+01:00") == nanoseconds(stamp(1, "5"))
    assert nanoseconds("2026-01-01T00:00:01Z") == nanoseconds(stamp(1))


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_since_takes_a_duration(text: str, seconds: int) -> None:
    assert since(text, 100_000.0) == 100_000.0 - seconds


def test_since_takes_a_time_and_refuses_the_rest() -> None:
    assert since(stamp(5), 0.0) == START + 5
    for wrong in ("yesterday", "10", "10 m", "2026-01-01"):
        with pytest.raises(UserError, match="is no time for --since: write a duration like 30s"):
            since(wrong, 0.0)


def test_lines_are_put_together_from_pieces() -> None:
    pieces = [f"{stamp(1)} one\n{stamp(2)} t".encode(), b"wo\r\n", f"{stamp(3)} no end".encode()]
    assert [one.text for one in lines_of(EAST, pieces)] == ["one", "two", "no end"]


def test_lines_of_all_replicas_come_in_order_of_time() -> None:
    runtime = FakeRuntime(
        users=[f"{stamp(1)} first\n{stamp(4)} last\n".encode()],
        ingress=[f"{stamp(0)} too early\n{stamp(2)} second\n{stamp(3)} third\n".encode()],
    )
    found = [one.text for one in written(runtime, [EAST, INGRESS], START + 1)]
    assert found == ["first", "second", "third", "last"]


def test_a_replica_that_appears_later_and_one_that_starts_again_are_followed() -> None:
    runtime = FakeRuntime(
        users=[f"{stamp(1)} before\n".encode(), f"{stamp(1)} before\n{stamp(5)} again\n".encode()],
        ingress=[f"{stamp(3)} new\n".encode()],
    )
    runtime.held = [EAST]
    lines = Follower(runtime, runtime.replicas, START).lines()
    assert next(lines).text == "before"
    runtime.held = [EAST, INGRESS]
    assert [one.text for one in islice(lines, 2)] == ["new", "again"]


def test_a_request_is_found_by_either_identity_and_in_lines_that_are_no_json() -> None:
    wanted = Wanted(request="abc")
    assert wanted(line('{"request_id":"abc"}'))
    assert wanted(line('{"trace_id":"abc"}'))
    assert wanted(line("upstream timed out, request: abc"))
    assert not wanted(line('{"request_id":"abcd","message":"abc"}'))
    assert not Wanted(text="x")(line("abc"))
    assert not Wanted(text="x", request="abc")(line("abc"))


def test_without_a_service_the_services_and_the_ingress_are_shown() -> None:
    settings = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
    every = [CANARY, EAST, INGRESS, MYSQL, WEST]
    assert Selection().of(every, settings) == [CANARY, EAST, INGRESS, WEST]
    assert Selection("users", region="east").of(every, settings) == [CANARY, EAST]
    assert Selection("users", track="canary").of(every, settings) == [CANARY]
    assert Selection("mysql").of(every, settings) == [MYSQL]


def test_a_json_line_is_shown_readable() -> None:
    text = json.dumps(
        {"timestamp": "t", "level": "INFO", "message": "request", "service": "users", "request_id": "", "path": "/a b"}
    )
    assert readable(line(text), colours=False, width=14) == 'users-east-0   | 00:00:01.234 INFO  request path="/a b"'


def test_what_the_message_of_the_ingress_says_is_not_said_again() -> None:
    text = json.dumps(
        {"level": "info", "message": "GET /x", "method": "GET", "path": "/x", "trace_id": "1", "request_id": "1"}
    )
    assert readable(line(text), colours=False).endswith("INFO  GET /x request_id=1")


def test_what_a_line_tells_programs_of_its_span_is_not_shown_to_people() -> None:
    text = json.dumps(
        {"level": "warn", "message": "GET /x", "status": 404, "ended": 1.5, "span_id": "b7ad", "parent_id": "00f0"}
    )
    assert readable(line(text), colours=False).endswith("WARN  GET /x status=404")


def test_nothing_that_a_client_sent_reaches_the_terminal_as_an_order() -> None:
    text = json.dumps({"level": "info", "message": "\x1b[2J", "user_agent": "\x1b]0;x\x07", "\x9b": 1})
    for shown in (readable(line(text), colours=False), readable(line("\x1b[31mred"), colours=False)):
        assert shown.isprintable()


def test_a_replica_has_one_colour() -> None:
    first, second = (readable(line(text), colours=True).partition(" | ")[0] for text in ("a", "b"))
    assert first == second
    assert first.startswith("\x1b[")


def test_json_is_one_object_a_line_with_the_programs_own_inside() -> None:
    assert json.loads(as_json(line('{"level":"INFO"}', CANARY))) == {
        "time": "2026-01-01T00:00:01.234567+00:00",
        "replica": "users-canary-east-0",
        "service": "users",
        "track": "canary",
        "region": "east",
        "line": {"level": "INFO"},
    }
    assert json.loads(as_json(line("text")))["line"] == "text"
