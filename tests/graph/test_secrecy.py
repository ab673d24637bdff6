"""Generated secrets are written down in their envelope or not at all, wherever the engine could keep them.

Does not prove that the engine encrypts the envelopes, nor that containers keep them to themselves.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterator

import pytest

from tests.graph.conftest import dev_graph
from tests.graph.recorder import Graph, unwrapped


def generated(graph: Graph) -> dict[str, str]:
    """Name to every generated secret: passwords, gossip key, private keys."""
    found: dict[str, str] = {}
    for stash in graph.of_type("pulumi:index:Stash"):
        if stash.name.endswith("-issued-at"):
            continue
        value = str(unwrapped(stash.outputs["output"]))
        found[stash.name] = json.loads(value)["private_key"] if stash.name.endswith("key-pair") else value
    return found


def forms(secret: str) -> Iterator[str]:
    """The secret as it could be hidden in another text."""
    # Of a key, the lines inside its frame: the frame stands in other texts too.
    parts = [line for line in secret.splitlines() if not line.startswith("-----")]
    for part in [*parts, "".join(parts)]:
        yield part
        yield json.dumps(part)[1:-1]
        yield urllib.parse.quote(part, safe="")
        for offset in range(3):
            # Base64 of a text that holds the secret anywhere: the characters that do not depend on its neighbours.
            encoded = base64.b64encode(b" " * offset + part.encode()).decode()
            yield encoded[4 if offset else 0 : -4]


def kept_as(secret: str) -> str:
    """The secret as it stands in a file: of a key, a line inside its frame."""
    return secret.splitlines()[1] if secret.startswith("-----") else secret


def test_every_kind_of_secret_is_generated(dev: Graph) -> None:
    assert sorted(generated(dev)) == [
        "authority-key-pair",
        "gossip-key-value",
        "ingress-certificate-key-pair",
        "mysql-east-certificate-key-pair",
        "mysql-group-password-value",
        "mysql-monitoring-password-value",
        "mysql-replication-password-value",
        "mysql-west-certificate-key-pair",
        "mysql-witness-certificate-key-pair",
        "users-database-application-password-value",
        "users-database-migration-password-value",
    ]


def test_generated_secrets_differ_from_each_other_and_from_those_of_another_stack(dev: Graph) -> None:
    first, second = generated(dev), generated(dev_graph())
    assert len({*first.values(), *second.values()}) == 2 * len(first)


def test_passwords_and_keys_are_as_long_as_promised(dev: Graph) -> None:
    secrets = generated(dev)
    assert len(base64.b64decode(secrets["gossip-key-value"], validate=True)) == 32
    lengths = {len(value) for name, value in secrets.items() if "password" in name}
    assert lengths == {32}


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
def test_no_secret_stands_in_plain_in_any_input_output_trigger_or_export(dev: Graph, preview: bool) -> None:
    graph = dev_graph(kept=dev, preview=preview)
    texts = {**graph.in_plain(), "exports": json.dumps(graph.outputs)}
    leaks = [
        (name, place)
        for name, secret in generated(graph).items()
        for form in set(forms(secret))
        for place, text in texts.items()
        if form in text
    ]
    assert leaks == []


def test_the_search_for_leaks_finds_one_in_each_form(dev: Graph) -> None:
    secret = generated(dev)["mysql-replication-password-value"]
    for text in (secret, base64.b64encode(f"user:{secret}!".encode()).decode(), urllib.parse.quote(secret, safe="")):
        assert any(form in text for form in forms(secret)), text


def test_secrets_reach_the_files_of_containers_and_only_where_they_are_needed(dev: Graph) -> None:
    found = {
        name: {dev.resources[holder].labels["gostack.role"] for holder in dev.holders(kept_as(secret))}
        for name, secret in generated(dev).items()
    }
    assert found == {
        "authority-key-pair": set(),
        "gossip-key-value": {"agent", "consul-server"},
        "ingress-certificate-key-pair": {"configuration"},
        "mysql-east-certificate-key-pair": {"mysql"},
        "mysql-west-certificate-key-pair": {"mysql"},
        "mysql-witness-certificate-key-pair": {"mysql"},
        "mysql-group-password-value": {"mysql"},
        "mysql-monitoring-password-value": {"job", "collector"},
        "mysql-replication-password-value": {"job"},
        # Replicas and their migrations have them as variables, by which programs of strangers connect.
        "users-database-application-password-value": {"job"},
        "users-database-migration-password-value": {"job"},
    }


def test_only_a_replica_knows_the_replication_password(replica: Graph) -> None:
    password = generated(replica)["mysql-replication-password-value"]
    assert replica.holders(password) == {"mysql-accounts-run", "mysql-west-server"}


def test_each_private_key_is_known_to_its_own_server_alone(dev: Graph) -> None:
    holders = {
        name: dev.holders(kept_as(secret)) for name, secret in generated(dev).items() if name.endswith("key-pair")
    }
    assert holders == {
        "authority-key-pair": set(),
        "ingress-certificate-key-pair": {"ingress-east-release-files", "ingress-west-release-files"},
        "mysql-east-certificate-key-pair": {"mysql-east-server"},
        "mysql-west-certificate-key-pair": {"mysql-west-server"},
        "mysql-witness-certificate-key-pair": {"mysql-witness-server"},
    }
