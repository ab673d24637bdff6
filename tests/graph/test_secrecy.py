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
from tests.graph.recorder import Graph, Registered, holds_secret, unwrapped


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


def environment_secrets(container: Registered) -> set[str]:
    """Names of a container's variables that are sent as secrets."""
    return {
        str(unwrapped(variable)).split("=", 1)[0]
        for variable in container.inputs.get("envs", [])
        if holds_secret(variable)
    }


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


def test_secrets_reach_containers_as_secret_variables_and_only_where_they_are_needed(dev: Graph) -> None:
    found: dict[str, set[str]] = {}
    for container in dev.containers:
        found.setdefault(container.labels["gostack.role"], set()).update(environment_secrets(container))
    assert found == {
        "agent": {"GOSSIP_CONFIGURATION"},
        "alerts": set(),
        "application": {"MYSQL_PASSWORD"},
        "collector": set(),
        "configuration": set(),
        "console": set(),
        "consul-server": {"GOSSIP_CONFIGURATION"},
        "job": {"MYSQL_PASSWORD"},
        "logs": set(),
        "metrics": set(),
        "mysql": set(),
        "nginx": set(),
        "proxy": set(),
        # A digest of the secrets in the pod, which would let guesses be tried.
        "sandbox": {"POD_IDENTITY"},
    }


def test_only_a_replica_knows_the_replication_password(replica: Graph) -> None:
    password = generated(replica)["mysql-replication-password-value"]
    assert replica.holders(password) == {"mysql-accounts-run", "mysql-west-server"}


def test_each_private_key_is_known_to_its_own_server_alone(dev: Graph) -> None:
    holders: dict[str, set[str]] = {}
    for name, secret in generated(dev).items():
        if name.endswith("key-pair"):
            line = secret.splitlines()[1]
            holders[name] = {
                container.name for container in dev.containers if line in json.dumps(unwrapped(container.inputs))
            }
    assert holders == {
        "authority-key-pair": set(),
        "ingress-certificate-key-pair": {f"ingress-{region}-release-secrets-writer" for region in ("east", "west")},
        "mysql-east-certificate-key-pair": {"mysql-east-secrets-writer"},
        "mysql-west-certificate-key-pair": {"mysql-west-secrets-writer"},
        "mysql-witness-certificate-key-pair": {"mysql-witness-secrets-writer"},
    }
