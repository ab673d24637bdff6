"""What a service is given reaches its replicas and its migrations, on Docker and on Kubernetes, and is nowhere plain.

Does not prove that an engine or a cluster puts the files where they are wanted: tests/integration/test_15_given.py does
for Docker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.kubernetes import containers, pods
from tests.graph.recorder import Graph, unwrapped
from tests.graph.test_secrecy import forms

SECRET = "planted-Ünsinn %&"
FILES = ["/app/greeting.txt", "/etc/shop/config.yaml", "/run/gostack/mysql-ca.pem", "/run/secrets/JWT_KEY"]


def given(document: Document, **changes: Any) -> None:
    document["services"]["users"] |= {
        "secrets": {"JWT_KEY": SECRET},
        "environment": {"DATABASE_URL": "${mysql.dsn}", "WHERE": "${region}/$${track}", "HOST": "${mysql.host}"},
        "files": {
            "/etc/shop/config.yaml": "key: ${secret.JWT_KEY}\n",
            "/app/greeting.txt": {"text": "hello from ${region}", "mode": "0555"},
        },
        "args": ["-track", "${track}"],
        "canary": {"environment": {"KEY": "${secret.JWT_KEY}"}},
        **changes,
    }


def docker_files(graph: Graph, container: str) -> dict[str, str]:
    """Path to text of the files that a container finds there."""
    volumes = {item["containerPath"]: item for item in graph.resources[container].plain("volumes")}
    assert all(item["readOnly"] for item in volumes.values())
    named = volumes.pop("/run/gostack/given")["volumeName"].removesuffix("-1234567")
    writer = graph.resources[f"{named}-writer"]
    assert writer.name in graph.reachable(container)
    assert writer.is_secret("uploads")
    files = graph.files(container)
    return {path: files[path] for path in volumes}


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(given)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return staging_graph(given)


def test_a_replica_on_docker_finds_its_files_and_variables(docker: Graph) -> None:
    files = docker_files(docker, "users-west-1-application")
    assert sorted(files) == FILES
    assert files["/etc/shop/config.yaml"] == f"key: {SECRET}\n"
    assert files["/app/greeting.txt"] == "hello from west"
    assert files["/run/secrets/JWT_KEY"] == SECRET
    assert "BEGIN CERTIFICATE" in files["/run/gostack/mysql-ca.pem"]
    application = docker.resources["users-west-1-application"]
    told = application.environment
    assert told["DATABASE_URL"].startswith(f"users:{told['MYSQL_PASSWORD']}@tcp(")
    assert (told["WHERE"], told["HOST"]) == ("west/${track}", "mysql")
    assert told["SSL_CERT_DIR"].endswith(":/run/gostack")
    assert SECRET not in json.dumps(told)
    assert application.plain("command") == ["-track", "stable"]
    assert application.is_secret("envs")


def test_a_canary_may_have_a_secret_in_a_variable(docker: Graph) -> None:
    assert docker.resources["users-east-canary-0-application"].environment["KEY"] == SECRET


def test_a_migration_is_given_the_same_with_its_own_account(docker: Graph) -> None:
    files = docker_files(docker, "users-database-migrations-run")
    assert sorted(files) == FILES
    told = docker.resources["users-database-migrations-run"].environment
    assert told["DATABASE_URL"].startswith(f"users_migration:{told['MYSQL_PASSWORD']}@tcp(")
    assert told["WHERE"] == "east/${track}"


def test_what_fills_a_volume_never_runs(docker: Graph) -> None:
    writer = docker.resources["users-east-files-writer"]
    assert (writer.plain("start"), writer.plain("mustRun"), writer.plain("networkMode")) == (False, False, "none")
    assert {item["permissions"] for item in writer.plain("uploads")} == {"0444", "0555"}


def test_a_replica_on_kubernetes_finds_its_files_and_variables(cluster: Graph) -> None:
    application = containers(cluster)["users-east-deployment/application"]
    mounts = {item["mountPath"]: item for item in application["volumeMounts"] if item["name"] == "given"}
    assert sorted(mounts) == FILES
    assert all(item["readOnly"] for item in mounts.values())
    (volume,) = [item for item in pods(cluster)["users-east-deployment"]["spec"]["volumes"] if item["name"] == "given"]
    texts = unwrapped(cluster.resources["users-east-files"].inputs["stringData"])
    assert texts[mounts["/run/secrets/JWT_KEY"]["subPath"]] == SECRET
    assert volume["secret"]["secretName"].startswith("users-east-files-")
    assert {item["mode"] for item in volume["secret"]["items"]} == {0o444, 0o555}
    variables = {item["name"]: item.get("value", item.get("valueFrom")) for item in application["env"]}
    assert variables["WHERE"] == "east/$${track}"
    assert "secretKeyRef" in variables["DATABASE_URL"]
    assert application["args"] == ["-track", "stable"]


def test_a_migration_on_kubernetes_is_given_the_same(cluster: Graph) -> None:
    job = containers(cluster)["users-database-migrations-run/job"]
    assert sorted(item["mountPath"] for item in job["volumeMounts"] if item["name"] == "given") == FILES
    secret = unwrapped(cluster.resources["users-database-migrations-secret"].inputs["stringData"])
    assert secret["DATABASE_URL"].startswith(f"users_migration:{secret['MYSQL_PASSWORD']}@tcp(")


@pytest.mark.parametrize("platform", ["docker", "cluster"])
def test_a_secret_is_written_down_nowhere_and_the_rules_hold(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    for name, text in graph.in_plain().items():
        assert [form for form in forms(SECRET) if form in text] == [], name
    environment = Environment.DEV if platform == "docker" else Environment.STAGING
    blocked = [item for item in judge(from_recorded(graph.resources.values()), environment) if item.blocks]
    assert [item.finding.message for item in blocked] == []


def another_secret(document: Document) -> None:
    given(document, secrets={"JWT_KEY": "another"})


def another_text(document: Document) -> None:
    given(document, files={"/etc/shop/config.yaml": "key: none\n"})


@pytest.mark.parametrize("change", [another_secret, another_text])
def test_what_is_given_anew_is_a_release_beside_the_old_one(docker: Graph, change: Callable[[Document], Any]) -> None:
    after = dev_graph(change, kept=docker)
    changed = after.changed(docker)
    assert {
        "users-east-0-application",
        "users-east-0-pod-sandbox",
        "users-east-files",
        "users-east-files-writer",
    } <= changed
    assert {after.resources[name].delete_before_replace for name in changed if "users-east" in name} <= {False, None}
    assert not [name for name in changed if name.startswith(("mysql", "consul", "ingress"))]


def test_nothing_is_mounted_where_nothing_is_given(dev: Graph) -> None:
    assert "users-east-files" not in dev.resources
