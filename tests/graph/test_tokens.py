"""A service that signs tokens: its replicas have the keys, the ingresses what verifies them, and the private one is
nowhere in plain.

Does not prove that a token opens a route: `tests/integration/test_18_login.py` does.
"""

from __future__ import annotations

import json

import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.kubernetes import containers
from tests.graph.recorder import Graph, unwrapped
from tests.graph.test_given import docker_files

TOKENS = {"issuer": "https://login.example.com", "audience": "shop"}
KEY, KEY_SET = "/run/gostack/tokens/signing-key.json", "/run/gostack/tokens/key-set.json"


def issuing(document: Document) -> None:
    document["services"]["users"]["tokens"] = TOKENS
    document.setdefault("ingress", {})["logins"] = {"api": {"kind": "jwt", "service": "users"}}


@pytest.fixture(scope="module")
def docker() -> Graph:
    return dev_graph(issuing)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    return staging_graph(issuing)


def test_a_replica_signs_with_what_the_ingresses_verify(docker: Graph) -> None:
    files = docker_files(docker, "users-west-1-application")
    key, keys = json.loads(files[KEY]), json.loads(files[KEY_SET])
    assert key["kid"] == keys["keys"][0]["kid"]
    for region in ("east", "west"):
        logins = json.loads(docker.resources[f"ingress-{region}-token-verifier"].environment["LOGINS"])
        assert logins == {"api": {**TOKENS, "jwks_url": "", "jwks": keys}}


def test_a_replica_learns_where_its_keys_are_and_a_migration_has_none(docker: Graph) -> None:
    given = docker.resources["users-east-0-application"].environment
    assert {name: value for name, value in given.items() if name.startswith("TOKENS_")} == {
        "TOKENS_ISSUER": TOKENS["issuer"],
        "TOKENS_AUDIENCE": TOKENS["audience"],
        "TOKENS_SIGNING_KEY_FILE": KEY,
        "TOKENS_KEY_SET_FILE": KEY_SET,
    }
    migration = docker.resources["users-database-migrations-run"]
    assert [name for name in migration.environment if name.startswith("TOKENS_")] == []
    assert "users-tokens-1" not in docker.reachable(migration.name)


def test_what_verifies_tokens_breaks_no_rule_on_a_cluster(cluster: Graph) -> None:
    assert containers(cluster)["ingress-east-deployment/token-verifier"]["restartPolicy"] == "Always"
    blocked = [item for item in judge(from_recorded(cluster.resources.values()), Environment.STAGING) if item.blocks]
    assert [item.finding.message for item in blocked] == []


@pytest.mark.parametrize("platform", ["docker", "cluster"])
def test_a_private_key_is_nowhere_in_plain(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(platform)
    for number in (1, 2):
        secret = json.loads(unwrapped(graph.resources[f"users-tokens-{number}"].outputs["output"]))["d"]
        assert [name for name, text in graph.in_plain().items() if secret in text] == []
