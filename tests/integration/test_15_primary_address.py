"""A service that knows one address of the database and nothing of this stack, while the primary of a group moves.

The probe has go-sql-driver's own pool, TLS that verifies the address's name, and no word of retries or of read-only
members. It writes from both regions, through the proxy of each. Does not prove what a lost network does, nor that a
transaction that was cut off half-way is tried again: that is the service's business.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import pytest
import yaml
from docker.errors import APIError

from tests.integration.brought_up import brought_up
from tests.integration.support import LiveStack, tell, wait_until
from tests.integration.test_08_mysql_group import PLACES, SETTINGS, crash, primary, wait_until_whole
from tests.support.load import Load, Request
from tools.gostack.cli.guard import guarded
from tools.gostack.database.failover import failover

REGIONS = ("east", "west")
PROBE = {
    "context": "tests/probe",
    "replicas": 1,
    "check": {"path": "/ready"},
    "routes": [{"path": "/p"}],
    "database": {"migrate": ["migrate", "CREATE TABLE IF NOT EXISTS notes (note VARCHAR(99) PRIMARY KEY)"]},
}
PER_SECOND = 20
MOST_SECONDS = 10.0
"""Time without a write that a moved primary may cost."""


class Notes:
    """Rows that the service is asked to write, in both regions, while the block runs."""

    def __init__(self, stack: LiveStack) -> None:
        self._stack = stack
        self._run = secrets.token_hex(4)
        self._urls = [str(stack.outputs["regions"][region]) for region in REGIONS]
        self._load = Load(stack.authority, PER_SECOND, self._request)

    def __enter__(self) -> Self:
        self._load.__enter__()
        self.wait_for_more()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._load.__exit__(kind, error, trace)

    def wait_for_more(self) -> None:
        """Wait until three seconds' rows have been written after what was done before."""
        before = self._written()
        wait_until(lambda: self._written() > before + 3 * PER_SECOND, 60, "rows are written")

    def assert_kept(self, what: str, most_seconds: float = MOST_SECONDS) -> None:
        """Assert that every member has each row that was acknowledged, and that writes were not away for longer."""
        result = self._load.result
        bodies = b"".join(answer.body for answer in result.answers if not answer.problem).decode()
        acknowledged = set(re.findall(r"acknowledged=(\S+)", bodies))
        tell(f"{what}: {len(acknowledged)} rows acknowledged, no write for {result.longest_outage:.1f} s; {result}")
        assert len(acknowledged) > 5 * PER_SECOND
        wait_until_whole(self._stack)
        for place in PLACES:
            wait_until(lambda place=place: acknowledged <= self._rows(place), 60, f"{place} has every acknowledged row")
        assert result.longest_outage <= most_seconds

    def _request(self, number: int) -> Request:
        note = f"{self._run}-{number}"
        statement = f"INSERT INTO notes VALUES ('{note}'); SELECT '{note}' AS acknowledged"
        return Request("POST", f"{self._urls[number % len(self._urls)]}/p/sql", statement.encode())

    def _written(self) -> int:
        return max(len(self._rows(place)) for place in PLACES)

    def _rows(self, place: str) -> set[str]:
        """Rows of this run on a member; none while it does not answer."""
        for member in self._stack.containers("mysql", region=place):
            # It may die, or just be starting, while it is asked.
            with suppress(APIError):
                code, text = self._stack.sql_in(member, f"SELECT note FROM probe.notes WHERE note LIKE '{self._run}-%'")
                return set(text.split()) if code == 0 else set()
        return set()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    document = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    document["config"]["gostack:services"] = {"probe": PROBE}
    published = tmp_path_factory.mktemp("published") / "settings.yaml"
    published.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    yield from brought_up("integration-address", published, tmp_path_factory)


@pytest.fixture
def victim(stack: LiveStack) -> str:
    """Where the primary is, of a group that has all its members."""
    wait_until_whole(stack)
    return primary(stack)


def test_the_service_knows_one_address_and_a_preview_is_empty(stack: LiveStack) -> None:
    (one, other) = stack.containers("application", service="probe")
    for application in (one, other):
        assert "MYSQL_PRIMARY_ADDRESS=mysql:3306" in application.attrs["Config"]["Env"]
    assert {proxy.labels["gostack.region"] for proxy in stack.containers("proxy")} == set(REGIONS)
    assert stack.preview_changes() == ""


def test_writes_follow_a_primary_that_is_switched(stack: LiveStack, victim: str) -> None:
    target = next(region for region in REGIONS if region != victim)
    with Notes(stack) as notes:
        assert guarded(lambda: failover(stack.workspace, target)) == 0
        notes.wait_for_more()
    assert primary(stack) == target
    notes.assert_kept("primary switched under an ordinary service")


def test_writes_follow_a_primary_that_is_killed(stack: LiveStack, victim: str) -> None:
    with Notes(stack) as notes:
        crash(stack, victim)
        notes.wait_for_more()
    notes.assert_kept("primary killed under an ordinary service")


def test_writes_follow_a_primary_that_is_silent_because_the_proxy_ends_the_connections_to_it(
    stack: LiveStack, victim: str
) -> None:
    (member,) = stack.containers("mysql", region=victim)
    with Notes(stack) as notes:
        member.pause()
        try:
            notes.wait_for_more()
        finally:
            member.unpause()
    # Until the others are sure of it, a write waits for it.
    notes.assert_kept("primary frozen under an ordinary service", most_seconds=2 * MOST_SECONDS)


def test_a_proxy_that_crashes_is_back_by_itself(stack: LiveStack, victim: str) -> None:
    with Notes(stack) as notes:
        for proxy in stack.containers("proxy"):
            stack.kill_process(proxy.attrs["State"]["Pid"])
        notes.wait_for_more()
    assert primary(stack) == victim
    notes.assert_kept("every proxy killed under an ordinary service")
