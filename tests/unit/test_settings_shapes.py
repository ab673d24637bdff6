"""Who comes from elsewhere writes a text where keys belong, or a key of compose: refused with what to write here."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SettingsError, parse_settings
from tests.support.settings import published

SHOP: dict[str, Any] = {"context": "services/greeter", "check": {"path": "/ready"}, "routes": [{"path": "/x"}]}
KEYS = "it has keys of its own, but it is"


def refusal(**values: Any) -> str:
    document = published("dev")
    document["services"]["shop"] = {**SHOP, **values}
    with pytest.raises(SettingsError) as caught:
        parse_settings(document)
    return str(caught.value).removeprefix("gostack:services.shop.")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"check": "/healthz"}, f"check: {KEYS} '/healthz'; write {{path: …}}."),
        ({"routes": ["/x"]}, f"routes.0: {KEYS} '/x'; write {{path: …}}."),
        ({"ports": {"grpc": 9090}}, f"ports.grpc: {KEYS} 9090; write {{port: …}}."),
        ({"tasks": {"a": ["report"]}}, f"tasks.a: {KEYS} ['report']; write {{args: …}}."),
        ({"database": {"migrations": "./db"}}, f"database.migrations: {KEYS} './db'; write {{directory: …}}."),
        ({"database": True}, f"database: {KEYS} True; write some of service, name, rights"),
        (
            {"command": "serve --x"},
            'command: input should be a valid list, but it is \'serve --x\'; write ["serve", "--x"].',
        ),
        (
            {"command": "sh -c 'a b'"},
            'command: input should be a valid list, but it is "sh -c \'a b\'"; write ["sh", "-c", "a b"].',
        ),
        ({"args": "it's"}, 'args: input should be a valid list, but it is "it\'s"; correct it in the stack file.'),
        (
            {"environment": ["A=b"]},
            "environment: input should be a valid dictionary, but it is ['A=b']; write it without",
        ),
        ({"replicas": "2"}, "replicas: input should be a valid integer, but it is '2'; correct it in the stack file."),
    ],
)
def test_another_shape_is_told_with_what_to_write(values: dict[str, Any], told: str) -> None:
    assert refusal(**values).startswith(told)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"env_file": ".env"},
            "env_file is not a known key: give its secrets by `gostack secrets import`, and the rest",
        ),
        ({"depends_on": ["db"]}, "depends_on is not a known key: remove it, as the database and accessories are there"),
        ({"entrypoint": ["x"]}, "entrypoint is not a known key: write it as command."),
        ({"restart": "always"}, "restart is not a known key: remove it, as what ends is started again."),
        ({"healthcheck": {}}, 'healthcheck is not a known key: did you mean "check"?'),
    ],
)
def test_a_key_of_compose_is_told_with_what_says_the_same(values: dict[str, Any], told: str) -> None:
    assert refusal(**values).startswith(told)


def test_a_key_that_stands_in_a_section_that_may_be_none_is_told_with_those_beside_it() -> None:
    told = refusal(database={"migrations": {"where": "./db"}})
    assert told == "database.migrations.where is not a known key: remove it or use one of directory, force, image."
