"""`up` and `status` count workers and schedulers by what the engine says of them: nobody finds them through Consul.

The engine is a stand-in; that a real one starts a program again is tried by `tests/integration/test_15_workers.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.test_instances import URLS, Consul, FakeContainer, entry, pod, settings
from tools.gostack.lifecycle import instances, truth
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workers import worker_instances

WORKER: dict[str, Any] = {"kind": "worker", "replicas": 1, "startup_timeout_seconds": 60}


def held(seconds: float = 60, health: str = "", **more: Any) -> list[FakeContainer]:
    """A worker's pod in the east, whose program was started so many seconds ago."""
    found = pod(0, **more)
    for container in found:
        started = datetime.now(UTC) - timedelta(seconds=seconds)
        container.attrs["State"]["StartedAt"] = f"{started:%Y-%m-%dT%H:%M:%S}.000000001Z"
        container.attrs["State"]["Health"] = {"Status": health} if health else None
        container.attrs["RestartCount"] = 3
    return found


def objects(containers: list[FakeContainer]) -> StackObjects:
    return cast("StackObjects", SimpleNamespace(containers=lambda: containers))


def reason(containers: list[FakeContainer], **values: Any) -> str:
    (found,) = worker_instances(settings(**{**WORKER, **values}), objects(containers))
    assert found.passing == (not found.reason)
    assert found.replica == "users-east-0-application"
    return found.reason


def test_a_worker_that_runs_counts() -> None:
    assert reason(held()) == ""


def test_a_worker_that_was_just_started_does_not_count_yet() -> None:
    assert reason(held(2), min_ready_seconds=5) == "its program has run for 2 s, and was started again 3 times"


def test_a_worker_that_ended_is_told_with_its_exit_code() -> None:
    ended = held(application={"status": "restarting", "exit_code": 7})
    assert reason(ended) == "its program has ended with exit code 7, and 3 times before"


@pytest.mark.parametrize(("health", "told"), [("healthy", ""), ("unhealthy", "its check does not pass")])
@pytest.mark.parametrize("check", [{"protocol": "tcp"}, {"command": ["/service", "healthy"]}])
def test_a_worker_with_a_check_counts_while_it_passes(check: dict[str, Any], health: str, told: str) -> None:
    assert reason(held(1, health), check=check) == told


def test_up_names_the_worker_that_does_not_run_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances.urllib3, "PoolManager", lambda **_: Consul([entry(0)]))
    containers = held(application={"status": "restarting", "exit_code": 7})
    east, west = truth.what_fails(settings(**WORKER), objects(containers), URLS)
    assert east == (
        "users (stable) in east: 0 of 1 replicas pass their check.\n"
        "  users-east-0-application: its program has ended with exit code 7, and 3 times before.\n"
        "    its last words:\n"
        "    cannot load the configuration"
    )
    # What Consul says of a name that is a worker's counts for nothing.
    assert west == "users (stable) in west: 0 of 1 replicas pass their check."


NIGHTLY: dict[str, Any] = {
    "tasks": {"report": {"args": ["report"]}},
    "schedules": {"nightly": {"cron": "0 3 * * *", "task": "report"}},
}


def scheduler(region: str, seconds: float = 60, agent: str = "healthy", **more: Any) -> list[FakeContainer]:
    """A scheduler's pod, which has no track."""
    network = f"container:{region}rest"
    found = [
        FakeContainer(f"{region}rest", "sandbox"),
        FakeContainer(f"users-schedules-{region}", "scheduler", network, **more),
        FakeContainer(f"users-schedules-{region}-registration", "agent", network),
    ]
    for container in found:
        del container.labels["gostack.track"]
        container.labels["gostack.region"] = region
        started = datetime.now(UTC) - timedelta(seconds=seconds)
        container.attrs["State"]["StartedAt"] = f"{started:%Y-%m-%dT%H:%M:%S}.000000001Z"
    found[2].attrs["State"]["Health"] = {"Status": agent}
    return found


def failing(monkeypatch: pytest.MonkeyPatch, *schedulers: list[FakeContainer]) -> list[str]:
    monkeypatch.setattr(instances.urllib3, "PoolManager", lambda **_: Consul([entry(0), entry(1)]))
    containers = [container for found in (pod(0), pod(1), *schedulers) for container in found]
    return truth.what_fails(settings(**NIGHTLY), objects(containers), URLS)


def test_a_stack_whose_schedulers_run_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, scheduler("east"), scheduler("west")) == []


def test_up_names_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, scheduler("east")) == [
        "users (schedules) in west: 0 of 1 replicas pass their check.",
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"status": "restarting", "exit_code": 1}, "its program has ended with exit code 1"),
        ({"seconds": 1}, "its program has run for 1 s, and was started again 0 times"),
        ({"agent": "unhealthy"}, "its Consul agent reaches no server"),
    ],
)
def test_up_tells_why_a_scheduler_begins_no_run(
    values: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (text,) = failing(monkeypatch, scheduler("east", **values), scheduler("west"))
    assert text.startswith("users (schedules) in east: 0 of 1 replicas pass their check.\n")
    assert f"  users-schedules-east-scheduler: {told}." in text
