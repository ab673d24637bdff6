"""A secret that another store keeps is one from the moment it is read, and an accessory's is given like a service's.

Does not prove that files arrive: tests/integration/cases/test_accessories.py does for Docker.
"""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from infra.secret_stores.resolution import with_secrets
from tests.graph.conftest import Document, dev_graph, recorded, staging_graph
from tests.graph.kubernetes import containers
from tests.graph.prod import prod_graph
from tests.graph.recorder import Graph
from tests.graph.test_given import docker_files
from tests.unit.test_secret_stores import VALUE, settings, with_secret
from tools.gostack.explorer.monitor import Recorder
from tools.gostack.explorer.recording import record_settings


def referring(value: str, **kept: Any) -> Graph:
    """The dev stack with a secret that stands in a variable of this process."""
    with pytest.MonkeyPatch.context() as process:
        process.setenv("SHOP_KEY", value)
        return recorded(with_secrets(settings("ref+env://SHOP_KEY")), **kept)


@pytest.fixture(scope="module")
def before() -> Graph:
    return referring(VALUE)


@pytest.mark.parametrize("preview", [True, False])
def test_the_value_is_in_no_plain_text_of_the_stack(
    preview: bool, before: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", VALUE)
    graph = referring(VALUE, preview=True) if preview else before
    assert VALUE in str([resource.inputs for resource in graph.resources.values()])
    assert [name for name, text in graph.in_plain().items() if VALUE in text] == []
    assert VALUE not in repr(with_secrets(settings("ref+env://SHOP_KEY")))


def test_a_changed_value_is_another_release(before: Graph) -> None:
    after = referring("another value", kept=before)
    assert "users-east-0-application" in after.changed(before)


def test_on_aws_the_role_that_deploys_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def answer(self: Recorder, request: Any) -> Any:
        asked.append(request)
        return json_format.ParseDict({"return": {"secretString": VALUE}}, provider_pb2.InvokeResponse())

    monkeypatch.setattr(Recorder, "Invoke", answer)
    graph = prod_graph(with_secret("ref+awssecrets://shop/jwt"))
    (request,) = asked
    assert request.tok == "aws:secretsmanager/getSecretVersion:getSecretVersion"
    assert "::aws-" in request.provider
    assert VALUE in str([resource.inputs for resource in graph.resources.values()])
    assert [name for name, text in graph.in_plain().items() if VALUE in text] == []


def test_a_page_of_the_stack_asks_no_store() -> None:
    recording = record_settings("dev", settings("ref+vault://secret/shop#jwt"))
    assert "users-east-0-application" in str(recording)


def accessories(document: Document) -> None:
    image = f"registry.example.com/queue@sha256:{64 * '0'}"
    document["accessories"] = {
        "cache": {"kind": "valkey"},
        "queue": {
            "image": image,
            "port": 5672,
            "user": 999,
            "environment": {"KEY": "${secret.KEY}", "WHERE": "${region}/$${x}"},
            "secrets": {"KEY": VALUE, "FILE_ONLY": VALUE},
        },
    }


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(accessories)


def in_plain(graph: Graph, text: str) -> list[str]:
    return [name for name, found in graph.in_plain().items() if text in found]


def test_an_accessory_on_docker_finds_its_secrets_and_variables(docker: Graph) -> None:
    assert docker_files(docker, "queue-east-program") == {"/run/secrets/KEY": VALUE, "/run/secrets/FILE_ONLY": VALUE}
    assert docker.resources["queue-east-program"].environment == {"KEY": VALUE, "WHERE": "east/${x}"}
    assert in_plain(docker, VALUE) == []


def test_the_password_of_a_cache_is_in_no_variable_and_in_no_check(docker: Graph) -> None:
    program = docker.resources["cache-east-program"]
    ((path, text),) = docker_files(docker, program.name).items()
    password = text.rsplit("requirepass ", 1)[1].strip()
    assert len(password) == 32
    assert program.plain("entrypoints") == ["valkey-server", path]
    assert program.environment == {}
    assert password not in str(program.inputs)
    assert in_plain(docker, password) == []


def test_an_accessory_on_kubernetes_finds_the_same() -> None:
    graph = staging_graph(accessories)
    queue = containers(graph)["queue-east-program/accessory"]
    assert [item["mountPath"] for item in queue["volumeMounts"] if item["name"] == "given"] == [
        "/run/secrets/FILE_ONLY",
        "/run/secrets/KEY",
    ]
    variables = {item["name"]: item.get("value", item.get("valueFrom")) for item in queue["env"]}
    assert "secretKeyRef" in variables["KEY"]
    assert variables["WHERE"] == "east/$${x}"
    cache = containers(graph)["cache-east-program/accessory"]
    assert [item["mountPath"] for item in cache["volumeMounts"] if item["name"] == "given"] == [
        "/run/gostack/valkey.conf"
    ]
    assert not cache.get("env")
    assert in_plain(graph, VALUE) == []
