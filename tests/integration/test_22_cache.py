"""The sample service with its cache in two regions: what was changed is read new, and what is known is answered while
the database is away.

Does not prove how fast or for how long: the drills `cache-…` do so under load.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import pytest

from components.accessory.valkey import PASSWORD
from infra.settings.stack_file import written
from tests.integration.brought_up import brought_up, two_regions
from tests.integration.cases.support import CasesStack, wait_until
from tests.support.cached_service import CACHED, valkey_in
from tests.support.load import Load, Request
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress

PATH = "/api/v1/users"
LOCAL_MIB = 1
OVERHEAD_BYTES = 256
"""What each entry counts at least (services/users/internal/cache/local.go)."""
JSON = {"Content-Type": "application/json"}


def document() -> dict[str, Any]:
    """The stack: two regions, one MySQL, and a service that gets a hundred requests a second in each region at most."""
    settings = two_regions(
        {
            "users": {
                "context": "services/users",
                "replicas": 2,
                "routes": [{"path": PATH}],
                "check": {"path": "/health/ready"},
                "database": {"migrate": ["migrate"]},
                "ingress_limit_per_second": 100,
                **CACHED,
                "environment": {**CACHED["environment"], "CACHE_LOCAL_MIB": LOCAL_MIB},
            }
        },
        ports=44,
        network=107,
    )
    settings["config"]["gostack:accessories"] = valkey_in(["east", "west"])
    return settings


@dataclass(frozen=True)
class CachedStack(CasesStack):
    """The stack with the cache."""

    @classmethod
    def of(cls, project: Path, settings: Path, stack: str = "integration") -> Self:
        live = super().of(project, settings, stack)
        ensure_stack_images(project, live.workspace.settings, Progress())
        return live

    def write(self, method: str, path: str, name: str, email: str) -> Any:
        """What a change in the east is answered with."""
        return self.ask(path, method=method, body=json.dumps({"name": name, "email": email}).encode(), headers=JSON)

    def figure(self, name: str) -> float:
        """Sum of a metric over all replicas."""
        lines = [
            line
            for replica in self.replicas("users")
            for line in replica.request("GET", "/metrics").data.decode().splitlines()
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CachedStack]:
    file = tmp_path_factory.mktemp("cache") / "Pulumi.yaml"
    file.write_text(written(document()), encoding="utf-8")
    yield from brought_up("cached", file, tmp_path_factory, CachedStack)


@pytest.fixture
def user(stack: CachedStack) -> dict[str, Any]:
    """A user whom every replica of both regions has read."""
    made = stack.write("POST", PATH, "Ada", f"{uuid.uuid4()}@example.com")
    assert made.status == 201
    found: dict[str, Any] = made.json()["data"]
    for region in ("east", "west") * 8:
        assert stack.ask(f"{PATH}/{found['id']}", region=region).status == 200
    return found


def test_every_replica_hears_of_changes_in_every_region(stack: CachedStack, user: dict[str, Any]) -> None:
    assert stack.figure("cache_listening") == 4
    path = f"{PATH}/{user['id']}"
    for number in range(20):
        name = f"Ada {number}"
        assert stack.write("PUT", path, name, user["email"]).status == 200

        def new(name: str = name) -> bool:
            return all(stack.ask(path, region="west").json()["data"]["name"] == name for _ in range(4))

        # Shorter than the TTL: it was told.
        wait_until(new, 1, "the west reads the new name")
    assert stack.figure("cache_invalidation_delay_seconds_count") >= 4 * 20
    assert stack.figure("cache_invalidations_lost_total") == 0


def test_who_names_what_he_has_seen_reads_nothing_older(stack: CachedStack, user: dict[str, Any]) -> None:
    path = f"{PATH}/{user['id']}"
    for number in range(20):
        written_row = stack.write("PUT", path, f"Grace {number}", user["email"]).json()["data"]
        seen = {"X-Seen-Updated-At": written_row["updated_at"]}
        assert stack.ask(path, region="west", headers=seen).json()["data"] == written_row


def test_a_crowd_gets_429_and_a_moment_later_all_is_as_before(stack: CachedStack, user: dict[str, Any]) -> None:
    path = f"{PATH}/{user['id']}"
    with stack.load(path, rate=400) as load:
        time.sleep(3)
    statuses = [answer.status for answer in load.result.answers]
    assert set(statuses) == {200, 429}
    # Three seconds' worth, and what may come at once.
    assert statuses.count(200) < 5 * 100
    time.sleep(1.5)
    assert stack.ask(path).status == 200


def test_more_ids_than_fit_into_memory_take_no_more_of_it(stack: CachedStack) -> None:
    (replica, *_) = stack.replicas("users")
    fit = (LOCAL_MIB << 20) // OVERHEAD_BYTES
    asked = 0

    def next_id(number: int) -> Request:
        nonlocal asked
        asked = number
        return Request("GET", f"http://{replica.address}{PATH}/{10**9 + number}")

    with Load(stack.authority, 0, next_id, connections=16) as load:
        wait_until(lambda: asked > 3 * fit, 300, "three times as many were asked for as fit")
    assert {answer.status for answer in load.result.answers} == {404}
    held = replica.request("GET", "/metrics").data.decode()
    (size,) = [float(line.split()[1]) for line in held.splitlines() if line.startswith("cache_local_bytes ")]
    assert fit / 2 * OVERHEAD_BYTES < size <= LOCAL_MIB << 20
    for valkey in stack.containers("accessory"):
        code, answer = valkey.exec_run(
            ["sh", "-ec", f"printf 'INFO memory' | REDISCLI_AUTH=\"$({PASSWORD})\" valkey-cli"]
        )
        figures = dict(line.split(":", 1) for line in cast("bytes", answer).decode().split() if ":" in line)
        assert code == 0
        assert 0 < int(figures["used_memory"]) <= int(figures["maxmemory"]) < 64 << 20


def test_while_the_database_is_away_known_rows_are_answered_and_writes_refused(
    stack: CachedStack, user: dict[str, Any]
) -> None:
    path = f"{PATH}/{user['id']}"
    (mysql,) = stack.containers("mysql")
    mysql.kill()
    try:
        # Beyond the TTL, and several health checks.
        time.sleep(20)
        for region in ("east", "west") * 5:
            answer = stack.ask(path, region=region)
            assert (answer.status, answer.json()["data"]["id"]) == (200, user["id"])
            assert answer.headers["X-Degraded"].startswith("age=")
            assert answer.headers["Warning"].startswith("110 ")
        for _ in range(5):
            began = time.monotonic()
            refused = stack.write("PUT", path, "Nobody", user["email"])
            assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
            assert time.monotonic() - began < 2
        assert stack.figure("degraded_answers_total") >= 10
    finally:
        mysql.start()

    def normal() -> bool:
        written_row = stack.write("PUT", path, "Ada again", user["email"])
        return written_row.status == 200 and "X-Degraded" not in stack.ask(path, region="west").headers

    wait_until(normal, 60, "writes are taken and reads confirmed again")


def test_an_update_without_a_change_changes_nothing(stack: CachedStack) -> None:
    assert stack.preview_changes() == ""
