"""A worker that uses the schema of its service: the same connection, after the same migrations, and nothing of its own.

Does not prove that it can log in: tests/integration/test_15_examples.py does.
"""

from __future__ import annotations

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.components.alone import variables
from tests.graph.conftest import Document, dev_graph, published_settings, recorded, staging_graph
from tests.graph.kubernetes import containers
from tests.graph.recorder import Graph, unwrapped

CONNECTION = ("DATABASE_URL", "MYSQL_DATABASE", "MYSQL_PASSWORD", "MYSQL_USER", "MYSQL_CA_CERTIFICATE", "SSL_CERT_DIR")
MIGRATIONS = "users-database-migrations-run"


def with_worker(document: Document) -> None:
    users = document["services"].pop("users")
    users["environment"] = {"DATABASE_URL": "${mysql.dsn}"}
    # Before its owner in the stack file.
    document["services"]["worker"] = {
        "context": "services/greeter",
        "kind": "worker",
        "replicas": 1,
        "database": {"service": "users"},
        "environment": {"DATABASE_URL": "${mysql.dsn}"},
    }
    document["services"]["users"] = users


def with_canaries(document: Document) -> None:
    with_worker(document)
    document["services"]["users"]["canary"] = {"context": "services/users"}
    document["services"]["worker"] |= {"kind": "service", "canary": {"environment": {"LOG_LEVEL": "debug"}}}


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(with_worker)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return staging_graph(with_worker)


def test_on_docker_it_connects_like_its_service(docker: Graph) -> None:
    worker, users = (docker.resources[f"{name}-0-application"].environment for name in ("worker-west", "users-west"))
    assert {key: worker[key] for key in CONNECTION} == {key: users[key] for key in CONNECTION}
    mysql = {key for key in users if key.startswith("MYSQL_")}
    assert {key for key in worker if key.startswith("MYSQL_")} == mysql
    assert docker.resources["worker-west-0-application"].is_secret("envs")


def test_on_kubernetes_it_connects_like_its_service(cluster: Graph) -> None:
    worker, users = (
        variables(containers(cluster)[f"{name}-east-deployment/application"]) for name in ("worker", "users")
    )
    assert (worker["MYSQL_USER"], worker["SSL_CERT_DIR"]) == (users["MYSQL_USER"], users["SSL_CERT_DIR"])
    secrets = {
        unwrapped(item.inputs["stringData"])["DATABASE_URL"]
        for item in cluster.of_kind("Secret")
        if item.name.startswith(("worker-east", "users-east"))
        and "DATABASE_URL" in unwrapped(item.inputs["stringData"])
    }
    assert len(secrets) == 1


def test_on_aws_it_reaches_the_database_like_its_service() -> None:
    def change(document: Document) -> None:
        with_worker(document)
        worker = document["services"]["worker"]
        worker["image"] = document["services"]["users"]["image"]
        del worker["context"]

    graph = recorded(published_settings("prod", change), stack="prod")
    found = containers(graph)
    first = next(name for name in found if name.startswith("worker-") and name.endswith("/application"))
    worker, users = (variables(found[name]) for name in (first, first.replace("worker", "users", 1)))
    assert worker["MYSQL_PRIMARY_ADDRESS"] == users["MYSQL_PRIMARY_ADDRESS"]


@pytest.mark.parametrize("platform", ["docker", "cluster"])
def test_it_waits_for_the_migrations_and_makes_nothing(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    assert [name for name in graph.resources if name.endswith("-database")] == ["users-database"]
    own = [name for name in graph.resources if name.startswith("worker-")]
    assert not [name for name in own if name.startswith("worker-database")]
    replicas = [name for name in own if name.endswith(("-application", "-deployment"))]
    assert replicas
    assert all(MIGRATIONS in graph.reachable(name) for name in replicas)


def test_it_never_waits_for_the_migrations_of_a_canary() -> None:
    graph = dev_graph(with_canaries)
    replicas = [name for name in graph.resources if name.startswith("worker-") and name.endswith("-application")]
    assert {"worker-east-0-application", "worker-east-canary-0-application"} <= set(replicas)
    for name in replicas:
        assert MIGRATIONS in graph.reachable(name)
        assert "users-database-canary-migrations-run" not in graph.reachable(name)
    assert "users-database-canary-migrations-run" in graph.reachable("users-east-canary-0-application")


def test_a_rotation_of_passwords_replaces_its_replicas_too(docker: Graph) -> None:
    def change(document: Document) -> None:
        with_worker(document)
        document["rotation"] = {"passwords": 2}

    changed = dev_graph(change, kept=docker).changed(docker)
    assert {"users-east-0-application", "worker-east-0-application", "worker-west-0-application"} <= changed


def test_no_rule_blocks_it(docker: Graph, cluster: Graph) -> None:
    for graph, environment in ((docker, Environment.DEV), (cluster, Environment.STAGING)):
        found = judge(from_recorded(graph.resources.values()), environment)
        assert [item.finding.message for item in found if item.blocks] == []
