"""Secrets of the stack on Kubernetes: in Secrets, in memory, and nowhere in plain.

Does not prove how the cluster keeps a Secret: encryption at rest is the cluster's own setting.
"""

from __future__ import annotations

import json

import pytest

from tests.graph.conftest import staging_graph
from tests.graph.kubernetes import containers, manifests, pods
from tests.graph.recorder import Graph
from tests.graph.test_kubernetes import everything


@pytest.fixture(scope="module")
def full() -> Graph:
    return staging_graph(everything)


def known_secrets(graph: Graph) -> list[str]:
    """Every generated secret of the graph, as its text stands somewhere."""
    found: list[str] = []
    for resource in graph.of_type("pulumi:index:Stash"):
        if not resource.is_secret("input"):
            continue
        text = str(resource.plain("input"))
        found += [json.loads(text)["private_key"].splitlines()[1]] if text.startswith("{") else [text]
    return found


def test_no_secret_is_written_down_in_plain(full: Graph) -> None:
    secrets = known_secrets(full)
    assert len(secrets) == 10
    for name, text in full.in_plain().items():
        assert [secret for secret in secrets if secret in text] == [], name


def test_no_secret_is_a_plain_variable_or_an_argument(full: Graph) -> None:
    secrets = known_secrets(full)
    for name, container in containers(full).items():
        text = json.dumps([container.get("env"), container.get("command"), container.get("args")])
        assert [secret for secret in secrets if secret in text] == [], name


def test_secret_variables_come_from_a_secret(full: Graph) -> None:
    expected = {
        "users-east-deployment/application": {"MYSQL_PASSWORD"},
        "users-east-deployment/consul-agent": {"GOSSIP_CONFIGURATION"},
        "mysql-east-server/mysql": {"PRIVATE_KEY", "BOOT_SQL"},
        "mysql-east-replica-server/mysql": {"PRIVATE_KEY", "BOOT_SQL", "REPLICATION_PASSWORD"},
        "users-database-accounts-run/job": {"STATEMENTS", "ADMINISTRATION_PASSWORD"},
        "users-database-migrations-run/job": {"MYSQL_PASSWORD"},
    }
    for name, variables in expected.items():
        found = {item["name"] for item in containers(full)[name]["env"] if "secretKeyRef" in item.get("valueFrom", {})}
        assert found == variables, name


def test_every_key_that_a_container_asks_for_is_in_its_secret(full: Graph) -> None:
    held = {item["metadata"]["name"]: item["stringData"] for item in manifests(full, "Secret").values()}
    asked = 0
    for name, container in containers(full).items():
        for item in container.get("env", []):
            reference = item.get("valueFrom", {}).get("secretKeyRef")
            if reference is not None:
                assert reference["key"] in held[reference["name"]], name
                asked += 1
    assert asked > 15


def test_what_programs_write_of_secrets_stays_in_memory(full: Graph) -> None:
    for name, pod in pods(full).items():
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            # Nginx reads its key from a Secret, and needs room for request bodies; the verifier writes nothing.
            if container["name"] in ("nginx", "token-verifier"):
                continue
            (mounted,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == "/tmp"]
            assert volumes[mounted]["emptyDir"]["medium"] == "Memory", name


def test_the_kubeconfig_is_a_secret_and_names_the_chosen_context_alone(full: Graph) -> None:
    provider = full.resources["cluster"]
    assert provider.is_secret("kubeconfig")
    assert provider.plain("context") == "gostack"
    assert "another" not in str(provider.plain("kubeconfig"))
