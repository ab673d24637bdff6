"""Secrets that another store keeps: what refers to them, what each store answers and refuses, and that no value is
told.

Does not prove that AWS answers: that would need an account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.microservice.files import LARGEST_FILE
from infra.platforms.aws.secrets_manager import secrets_manager
from infra.secret_stores.resolution import STORES, with_secrets
from infra.settings import Settings, SettingsError
from infra.settings.loading import load_stack_file
from infra.settings.secret_references import secret_reference
from tests.graph.conftest import Document, dev_settings
from tests.unit.test_given import PROJECT, stack_file

VALUE = "pl@nted value"
TOKEN = "a-token"


def with_secret(reference: str) -> Callable[[Document], Any]:
    return lambda document: document["services"]["users"].update({"secrets": {"JWT_KEY": reference}})


def settings(reference: str) -> Settings:
    return dev_settings(with_secret(reference))


def resolved(reference: str) -> str:
    return with_secrets(settings(reference)).services["users"].secrets["JWT_KEY"].get_secret_value()


def refusal(reference: str) -> str:
    with pytest.raises(SettingsError) as caught:
        resolved(reference)
    told = str(caught.value)
    assert told.startswith(f"gostack:services.users.secrets.JWT_KEY is {reference}: ")
    assert "\n" not in told
    assert VALUE not in told
    assert TOKEN not in told
    return told


# References


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ref+env://JWT_KEY", ("env", "JWT_KEY", "")),
        ("ref+file:///etc/keys.json#jwt", ("file", "/etc/keys.json", "jwt")),
        ("ref+file://keys/jwt", ("file", "keys/jwt", "")),
        ("ref+vault://secret/team/shop#jwt", ("vault", "secret/team/shop", "jwt")),
        ("ref+awssecrets://shop/keys#jwt", ("awssecrets", "shop/keys", "jwt")),
    ],
)
def test_a_reference_names_a_store_a_place_and_a_key(text: str, parts: tuple[str, str, str]) -> None:
    found = secret_reference(text)
    assert found is not None
    assert (found.store, found.place, found.key) == parts


@pytest.mark.parametrize(
    "text",
    ["ref+valt://a/b#c", "ref+env:NAME", "ref+env://A-B", "ref+vault://a/b", "ref+vault://a#b", "ref+file://#a"],
)
def test_what_only_looks_like_a_reference_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(text)
    told = str(caught.value)
    assert "secrets.JWT_KEY: it begins like a reference to another store and is none: write it like ref+env://" in told
    assert text not in told


@pytest.mark.parametrize("text", ["ref", "ref+", "reference", "ref+ vault://a/b"])
def test_any_other_text_is_a_value(text: str) -> None:
    assert resolved(text) == text


def test_a_reference_stands_in_a_stack_file_as_it_is(tmp_path: Path) -> None:
    read = load_stack_file(stack_file(tmp_path, {"JWT_KEY": "ref+env://JWT_KEY"}), PROJECT)
    assert read.services["users"].secrets["JWT_KEY"].get_secret_value() == "ref+env://JWT_KEY"


def test_aws_is_asked_by_stacks_on_aws_alone() -> None:
    with pytest.raises(SettingsError, match=r"JWT_KEY refers to AWS Secrets Manager, which a stack on AWS alone reads"):
        settings("ref+awssecrets://shop")


# Stores


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", VALUE)
    assert resolved("ref+env://SHOP_KEY") == VALUE
    monkeypatch.delenv("SHOP_KEY")
    assert "the variable SHOP_KEY is not set: export it where this command runs." in refusal("ref+env://SHOP_KEY")


def test_a_file_or_a_key_of_it(tmp_path: Path) -> None:
    (tmp_path / "whole").write_text(f"{VALUE}\n\n")
    (tmp_path / "keys.yaml").write_text(f"jwt: '{VALUE}'\nport: 1\n")
    (tmp_path / "keys.json").write_text(json.dumps({"jwt": VALUE}))
    assert resolved(f"ref+file://{tmp_path}/whole") == f"{VALUE}\n"
    assert resolved(f"ref+file://{tmp_path}/keys.yaml#jwt") == VALUE
    assert resolved(f"ref+file://{tmp_path}/keys.json#jwt") == VALUE
    assert resolved("ref+file://LICENSE") == (PROJECT / "LICENSE").read_text().removesuffix("\n")


def test_a_file_that_has_no_such_secret(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"jwt: '{VALUE}'\nport: 1\n")
    (tmp_path / "text").write_text(f"{VALUE}: [")
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "large").write_text("x" * (LARGEST_FILE + 1))
    assert "that file cannot be read (FileNotFoundError)" in refusal(f"ref+file://{tmp_path}/nothing")
    assert "that file cannot be read (UnicodeDecodeError)" in refusal(f"ref+file://{tmp_path}/bytes")
    assert 'has no key "smtp": write it there' in refusal(f"ref+file://{tmp_path}/keys#smtp")
    assert 'its key "port" is no text' in refusal(f"ref+file://{tmp_path}/keys#port")
    assert "is no JSON or YAML mapping" in refusal(f"ref+file://{tmp_path}/text#jwt")
    assert "its value is empty" in refusal(f"ref+file://{tmp_path}/empty")
    assert f"and a file {LARGEST_FILE} at most" in refusal(f"ref+file://{tmp_path}/large")


class Vault(BaseHTTPRequestHandler):
    """One that has a secret, and one that is not of version 2."""

    def do_GET(self) -> None:
        data = {"secret/data/team/shop": {"data": {"jwt": VALUE}, "metadata": {}}, "old/data/shop": {"jwt": VALUE}}
        found = data.get(self.path.removeprefix("/v1/"))
        status = 403 if self.headers["X-Vault-Token"] != TOKEN else 503 if self.path.endswith("/ill") else 200
        self.send_response(status if found or status != 200 else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"data": found} if status == 200 else {"errors": [VALUE]}).encode())

    def log_request(self, *args: Any) -> None:
        pass


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Vault)
    Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("VAULT_ADDR", f"{address}/")
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield address
    server.shutdown()
    server.server_close()


def test_a_key_of_vault_by_the_token_of_the_environment_or_of_its_file(
    vault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert resolved("ref+vault://secret/team/shop#jwt") == VALUE
    monkeypatch.delenv("VAULT_TOKEN")
    (tmp_path / ".vault-token").write_text(f"{TOKEN}\n")
    assert resolved("ref+vault://secret/team/shop#jwt") == VALUE


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("ref+vault://secret/nothing#jwt", "there is no such secret: write it with `vault kv put`"),
        ("ref+vault://secret/team/shop#smtp", 'what is there has no key "smtp"'),
        ("ref+vault://old/shop#jwt", "what answered is no secrets engine KV of version 2: correct the mount."),
        ("ref+vault://secret/ill#jwt", "answered with status 503: try again."),
    ],
)
def test_what_vault_does_not_have(vault: str, reference: str, sentence: str) -> None:
    assert sentence in refusal(reference)


def test_a_vault_that_lets_nobody_in(vault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = "ref+vault://secret/team/shop#jwt"
    monkeypatch.setenv("VAULT_TOKEN", "another")
    assert "it may not be read with this token: log in again" in refusal(reference)
    monkeypatch.delenv("VAULT_TOKEN")
    assert "there is no token for Vault: export VAULT_TOKEN" in refusal(reference)
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached (NewConnectionError)" in refusal(reference)
    monkeypatch.delenv("VAULT_ADDR")
    assert "VAULT_ADDR is not set: export the address" in refusal(reference)


class Found:
    """A version of a secret."""

    secret_string = json.dumps({"jwt": VALUE})


def test_aws_by_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(aws.secretsmanager, "get_secret_version", lambda **named: asked.append(named) or Found)
    provider: Any = object()
    monkeypatch.setattr(pulumi, "InvokeOptions", lambda provider: provider)
    read = secrets_manager(provider)
    assert read("shop", "jwt") == VALUE
    assert read("shop", "") == Found.secret_string
    assert asked[0] == {"secret_id": "shop", "opts": provider}

    def fail(**named: Any) -> Any:
        raise Exception("invoke failed:\nResourceNotFoundException")

    monkeypatch.setattr(aws.secretsmanager, "get_secret_version", fail)
    with pytest.raises(ValueError, match=r"it cannot be read \(invoke failed: ResourceNotFoundException\): make it in"):
        read("shop", "jwt")


# The stack


def test_a_value_is_asked_for_once_and_a_store_without_a_reference_never() -> None:
    def change(document: Document) -> None:
        document["services"]["users"]["secrets"] = {"A": "ref+env://X", "B": "ref+env://X", "C": "ref+file://Y"}

    asked: list[str] = []

    def store(place: str, key: str) -> str:
        asked.append(place)
        return VALUE

    complete = with_secrets(dev_settings(change), {"env": store, "vault": STORES["vault"]})
    assert asked == ["X"]
    assert [text.get_secret_value() for text in complete.services["users"].secrets.values()] == [
        VALUE, VALUE, "ref+file://Y",
    ]  # fmt: skip


def test_an_accessory_refers_to_secrets_like_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", VALUE)
    queue = {"image": "queue:1", "port": 5672, "secrets": {"KEY": "ref+env://SHOP_KEY"}}
    complete = with_secrets(dev_settings(lambda document: document.update(accessories={"queue": queue})))
    assert complete.accessories["queue"].secrets["KEY"].get_secret_value() == VALUE
