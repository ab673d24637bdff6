"""Services that know one address of the database and nothing of this stack, while the primary of a group moves.

The probe has go-sql-driver's own pool, the example `notes` has gorm's and makes its own tables; both have TLS that
verifies the address's name, and no word of retries or of read-only members. They write from both regions, through the
proxy of each. Does not prove what a lost network does, nor that a transaction that was cut off half-way is tried again:
that is the service's business.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Self

import pytest
import yaml
from docker.errors import APIError

from tests.integration.brought_up import brought_up
from tests.integration.cases.support import tell, wait_until
from tests.integration.test_08_mysql_group import PLACES, SETTINGS, crash, primary, wait_until_whole
from tests.integration.test_15_examples import JSON, ExamplesStack
from tests.support.examples import written_examples
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


class Writes:
    """Rows that a service is asked to write, in both regions, while the block runs."""

    service: str
    column: str
    """Where MySQL has the rows: schema, table and column."""

    def __init__(self, stack: ExamplesStack) -> None:
        self.stack = stack
        self.run = secrets.token_hex(4)
        self._load = Load(stack.authority, PER_SECOND, self._request)

    def __enter__(self) -> Self:
        self._load.__enter__()
        self.wait_for_more()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._load.__exit__(kind, error, trace)

    def request(self, url: str, row: str) -> Request:
        """What asks the service to write a row."""
        raise NotImplementedError

    def wait_for_more(self) -> None:
        """Wait until three seconds' rows have been written after what was done before."""
        before = self._written()
        wait_until(lambda: self._written() > before + 3 * PER_SECOND, 60, f"rows are written by {self.service}")

    def assert_kept(self, what: str, most_seconds: float) -> None:
        """Assert that every member has each row that was acknowledged, and that writes were not away for longer."""
        result = self._load.result
        bodies = b"".join(answer.body for answer in result.answers if not answer.problem).decode()
        acknowledged = set(re.findall(rf"{self.run}-\d+", bodies))
        tell(f"{what}: {self.service}: {len(acknowledged)} rows, none for {result.longest_outage:.1f} s; {result}")
        assert len(acknowledged) > 5 * PER_SECOND
        for place in PLACES:
            wait_until(lambda place=place: acknowledged <= self._rows(place), 60, f"{place} has every acknowledged row")
        assert result.longest_outage <= most_seconds

    def _request(self, number: int) -> Request:
        return self.request(self.stack.url(REGIONS[number % len(REGIONS)]), f"{self.run}-{number}")

    def _written(self) -> int:
        return max(len(self._rows(place)) for place in PLACES)

    def _rows(self, place: str) -> set[str]:
        """Rows of this run on a member; none while it does not answer."""
        table, column = self.column.rsplit(".", 1)
        for member in self.stack.containers("mysql", region=place):
            # It may die, or just be starting, while it is asked.
            with suppress(APIError):
                code, text = self.stack.sql_in(
                    member, f"SELECT {column} FROM {table} WHERE {column} LIKE '{self.run}-%'"
                )
                return set(text.split()) if code == 0 else set()
        return set()


class PoolWrites(Writes):
    """By the probe."""

    service = "probe"
    column = "probe.notes.note"

    def request(self, url: str, row: str) -> Request:
        statement = f"INSERT INTO notes VALUES ('{row}'); SELECT '{row}' AS acknowledged"
        return Request("POST", f"{url}/p/sql", statement.encode())


class GormWrites(Writes):
    """By the example, for somebody who has logged in."""

    service = "notes"
    column = "notes.notes.text"

    def __init__(self, stack: ExamplesStack) -> None:
        account = {"name": secrets.token_hex(4), "password": "correct horse"}
        assert stack.post("/signup", account)[0] == 201
        _, login = stack.post("/login", account)
        self._headers = {**JSON, "Authorization": f"Bearer {login['token']}"}
        super().__init__(stack)

    def request(self, url: str, row: str) -> Request:
        return Request("POST", f"{url}/notes", json.dumps({"text": row}).encode(), self._headers)


@contextmanager
def kept(stack: ExamplesStack, what: str, most_seconds: float = MOST_SECONDS) -> Iterator[ExitStack]:
    """Both services write while the block does something to the primary; asserted is that nothing was lost."""
    writers = [PoolWrites(stack), GormWrites(stack)]
    with ExitStack() as writing:
        for writer in writers:
            writing.enter_context(writer)
        yield writing
        for writer in writers:
            writer.wait_for_more()
    wait_until_whole(stack)
    for writer in writers:
        writer.assert_kept(what, most_seconds)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExamplesStack]:
    document = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    notes = {**written_examples()["gostack:services"]["notes"], "replicas": 1}
    document["config"]["gostack:services"] = {"probe": PROBE, "notes": notes}
    published = tmp_path_factory.mktemp("published") / "settings.yaml"
    published.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    yield from brought_up("integration-address", published, tmp_path_factory, ExamplesStack)


@pytest.fixture
def victim(stack: ExamplesStack) -> str:
    """Where the primary is, of a group that has all its members."""
    wait_until_whole(stack)
    return primary(stack)


def test_the_services_know_one_address_and_a_preview_is_empty(stack: ExamplesStack) -> None:
    for service in ("probe", "notes"):
        assert len(stack.containers("application", service=service)) == len(REGIONS)
    for application in stack.containers("application", service="probe"):
        assert "MYSQL_PRIMARY_ADDRESS=mysql:3306" in application.attrs["Config"]["Env"]
    assert {proxy.labels["gostack.region"] for proxy in stack.containers("proxy")} == set(REGIONS)
    assert stack.preview_changes() == ""


def test_writes_follow_a_primary_that_is_switched(stack: ExamplesStack, victim: str) -> None:
    target = next(region for region in REGIONS if region != victim)
    with kept(stack, "primary switched under ordinary services"):
        assert guarded(lambda: failover(stack.workspace, target)) == 0
    assert primary(stack) == target


def test_writes_follow_a_primary_that_is_killed(stack: ExamplesStack, victim: str) -> None:
    with kept(stack, "primary killed under ordinary services"):
        crash(stack, victim)


def test_writes_follow_a_primary_that_is_silent_because_the_proxy_ends_the_connections_to_it(
    stack: ExamplesStack, victim: str
) -> None:
    (member,) = stack.containers("mysql", region=victim)
    # Until the others are sure of it, a write waits for it.
    with kept(stack, "primary frozen under ordinary services", 2 * MOST_SECONDS) as writing:
        writing.callback(member.unpause)
        member.pause()


def test_a_proxy_that_crashes_is_back_by_itself(stack: ExamplesStack, victim: str) -> None:
    with kept(stack, "every proxy killed under ordinary services"):
        for proxy in stack.containers("proxy"):
            stack.kill_process(proxy.attrs["State"]["Pid"])
    assert primary(stack) == victim
