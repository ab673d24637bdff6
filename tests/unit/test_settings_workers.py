"""What a worker may say, and what is refused before anything is created."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, SettingsError
from infra.settings.services import ServiceSettings
from tests.graph.conftest import Document, dev_settings


def stack(**mailer: Any) -> Settings:
    def change(document: Document) -> None:
        document["services"]["mailer"] = {"context": "services/greeter", "kind": "worker", **mailer}

    return dev_settings(change)


def worker(**mailer: Any) -> ServiceSettings:
    return stack(**mailer).services["mailer"]


def test_a_worker_needs_no_more_than_its_kind() -> None:
    found = worker()
    assert (found.judged_by, found.own_port, found.min_ready_seconds) == (None, None, 10)


def test_a_worker_has_the_port_of_its_check() -> None:
    assert worker(check={"protocol": "tcp"}).own_port == 8080
    assert worker(check={"path": "/ready"}, port=9000).own_port == 9000


def test_a_command_is_a_check_of_a_worker() -> None:
    found = worker(check={"command": ["/service", "healthy"]})
    assert found.judged_by is not None
    assert (found.judged_by.protocol, found.own_port) == ("command", None)


def test_nobody_calls_a_worker_by_its_name() -> None:
    assert stack().callable_services() == ["users"]


def test_all_else_of_a_service_is_there_for_a_worker() -> None:
    found = worker(
        args=["work"],
        environment={"QUEUE": "mail"},
        database={"max_connections": 2},
        tasks={"purge": {"args": ["purge"]}},
        settings={"pause": True},
        routes=[],
    )
    assert found.database is not None
    assert list(found.tasks) == ["purge"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"routes": [{"path": "/mail"}]}, "routes means nothing for a worker, which nobody calls"),
        ({"canary": {"weight": 5}}, "canary means nothing for a worker"),
        ({"drain_seconds": 5}, "drain_seconds means nothing for a worker"),
        ({"metrics": {}}, "metrics means nothing for a worker, which Consul does not know"),
        ({"port": 9000}, "port means nothing for a worker without a check by http, tcp or grpc"),
        ({"port": 9000, "check": {"command": ["ok"]}}, "port means nothing for a worker without a check by http"),
        ({"min_ready_seconds": 5, "check": {"protocol": "tcp"}}, "min_ready_seconds means nothing beside check"),
        ({"min_ready_seconds": 90}, "longer than startup_timeout_seconds (60)"),
        ({"kind": "service", "min_ready_seconds": 5}, "min_ready_seconds means nothing for a service"),
        ({"kind": "service", "check": {"command": ["ok"]}}, "check.command is for a worker"),
        ({"check": {"protocol": "command"}}, "command is missing"),
        ({"check": {"command": ["ok"], "interval": "5s"}}, "interval means nothing with protocol command"),
        ({"check": {"protocol": "tcp", "command": ["ok"]}}, "command means nothing with protocol tcp"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        stack(**values)
    assert sentence in str(caught.value)
    assert "services.mailer" in str(caught.value)


def test_a_hook_is_a_task_of_the_service() -> None:
    found = worker(tasks={"warm": {"args": ["warm"]}}, hooks={"before": "warm"})
    assert (found.hooks.before, found.hooks.after) == ("warm", None)


@pytest.mark.parametrize(
    ("tasks", "told"),
    [({}, "add it as tasks.worm"), ({"warm": {"args": ["warm"]}, "purge": {"args": ["x"]}}, "use one of purge, warm.")],
)
def test_a_hook_that_is_no_task_is_refused(tasks: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=r'hooks.after is "worm", which is no task of this service') as caught:
        worker(tasks=tasks, hooks={"after": "worm"})
    assert told in str(caught.value)
