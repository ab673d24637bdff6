"""A service that uses the schema of another one: what it may say, and what follows for connections, rows and tools.

Does not prove that it can log in: tests/integration/test_15_examples.py does.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings
from infra.settings.cluster_demand import region_surge
from infra.settings.connections import RESERVED, account_connections
from infra.settings.given import known_references
from tests.graph.conftest import Document, dev_settings, published_settings
from tests.support.settings import published, refused
from tools.gostack.database.backup import service_schemas
from tools.gostack.database.schemas import Schema, schemas
from tools.gostack.lifecycle.rows import abandoned
from tools.gostack.sql.command import service_with_database

WORKER = {"context": "services/greeter", "kind": "worker", "replicas": 1}


def stack(name: str = "dev", /, **services: Any) -> Settings:
    def change(document: Document) -> None:
        document["services"].update(services)

    return dev_settings(change) if name == "dev" else published_settings(name, change)


def refusal(**services: Any) -> str:
    return refused(lambda: stack(**services))


def worker(**database: Any) -> dict[str, Any]:
    return {**WORKER, "database": {"service": "users", **database}}


def users(**database: Any) -> dict[str, Any]:
    return {**published("dev")["services"]["users"], "database": database}


def test_a_worker_refers_to_the_database_of_its_service() -> None:
    settings = stack(worker=worker())
    assert "mysql.dsn" in known_references(settings, "worker")
    assert settings.services["worker"].database_owner("worker") == "users"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "users"),
        ("rights", "schema"),
        ("migrate", ["migrate"]),
        ("migrations", {"directory": "migrations"}),
        ("migrate_timeout_seconds", 60),
        ("max_connections", 5),
    ],
)
def test_what_the_owner_sets_up_is_refused_beside_it(key: str, value: Any) -> None:
    assert f'the schema is that of "users", and {key} is set up there: remove {key}.' in refusal(
        worker=worker(**{key: value})
    )


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ("orders", "which is no service"),
        ("plain", "which has no database"),
        ("worker", "which has no schema of its own"),
        ("second", "which has no schema of its own"),
    ],
)
def test_a_schema_that_is_not_there_is_refused(other: str, what: str) -> None:
    told = refusal(worker=worker(service=other), plain=WORKER, second=worker())
    assert f'gostack:services.worker.database.service is "{other}", {what}: use one of users.' in told


def test_where_nobody_has_a_schema_it_is_told_how_to_have_one() -> None:
    told = refusal(users={"context": "services/greeter"}, worker=worker())
    assert 'is "users", which has no database: write database: {} for a schema of its own.' in told


def test_the_account_holds_the_replicas_of_all_who_use_it() -> None:
    settings = stack(users=users(max_connections=7), worker=worker())
    # On Docker an update's new replicas stand beside the old ones, in two regions.
    assert account_connections(settings, "users") == 7 * (2 * 2 * 2 + 2 * 1 * 2)
    settings = stack("staging", worker={**worker(), "autoscaling": {"maximum": 4}})
    replicas = (10 + 1) + (4 + 1)
    assert account_connections(settings, "users") == replicas * (
        (settings.mysql.max_connections - RESERVED - 5) // replicas
    )


def test_connections_that_do_not_fit_are_refused_with_all_who_use_them() -> None:
    told = refusal(users=users(max_connections=20), worker=worker())
    assert (
        "users.database.max_connections is 20 for each of 12 replicas of users, worker (all regions and tracks, "
        "autoscaled to the maximum, while an update goes on), which is 240;"
    ) in told
    assert "lower it to 15, or" in told


def test_the_owner_has_the_schema() -> None:
    settings = stack(worker=worker())
    assert schemas("users\t1\t2\t3\n", settings) == [Schema("users", "users", 1, 2, 3)]
    assert service_schemas(settings) == ["users"]
    # Of a worker that had a schema of its own, that one stays behind.
    assert abandoned(settings, ["users", "worker"], []) == ["worker"]
    assert service_with_database(settings, None) == service_with_database(settings, "worker") == "users"


def test_no_job_of_a_cluster_is_for_it() -> None:
    apart = stack("staging", worker=WORKER)
    region = apart.mysql.primary
    assert region_surge(stack("staging", worker=worker()), region) == region_surge(apart, region)
