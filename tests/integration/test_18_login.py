"""A password for tokens, on the real engine: what the sample service signs opens a route of another one at the ingress.

Every refusal of a token is in `test_rendered_edge.py`, of a password in `services/users/internal/login`. Does not
prove that keys get into no other hands.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings.stack_file import written
from tests.integration.brought_up import brought_up, one_region
from tests.integration.cases.support import CasesStack
from tests.support.live import JSON
from tests.support.load import Load, Request
from tools.gostack.lifecycle import lifecycle

PASSWORD = "correct horse battery"
BEHIND = "/case/api/p/echo/a"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    users: dict[str, Any] = {
        "context": "services/users",
        "replicas": 2,
        "check": {"path": "/health/ready"},
        "database": {"migrate": ["migrate"]},
        "tokens": {"issuer": "https://login.example.com", "audience": "shop"},
        # Longer than an update takes.
        "environment": {"TOKENS_LIFETIME_SECONDS": "1800", "LOGIN_LIMIT_PER_MINUTE": "60"},
        "routes": [{"path": path} for path in ("/api/v1/users", "/login", "/logout", "/token", "/.well-known")],
    }
    probe: dict[str, Any] = {
        "context": "tests/probe",
        "replicas": 1,
        "check": {"path": "/ready"},
        "routes": [{"path": "/case/api/p", "login": "api"}],
    }
    document = one_region({"users": users, "probe": probe}, ports=36, network=99)
    document["config"]["gostack:ingress"] = {"logins": {"api": {"kind": "jwt", "service": "users"}}}
    file = tmp_path_factory.mktemp("login") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("login", file, tmp_path_factory, CasesStack)


def post(stack: CasesStack, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
    """Status and data of an answer."""
    answer = stack.ask(path, method="POST", headers=JSON, body=json.dumps(fields).encode())
    return answer.status, answer.json()["data"] or {}


@pytest.fixture(scope="module")
def user(stack: CasesStack) -> dict[str, Any]:
    status, made = post(stack, "/api/v1/users", name="Ada", email=f"{uuid.uuid4()}@example.com", password=PASSWORD)
    assert status == 201
    assert "password" not in made
    return made


def logged_in(stack: CasesStack, user: dict[str, Any]) -> dict[str, Any]:
    status, pair = post(stack, "/login", email=user["email"], password=PASSWORD)
    assert status == 200, pair
    return pair


def bearer(pair: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}", "X-Auth-Subject": "root"}


def subjects(stack: CasesStack, pair: dict[str, Any]) -> list[str]:
    """Who the service behind the login says is asking."""
    answer = stack.ask(BEHIND, headers=bearer(pair))
    assert answer.status == 200, answer.data
    found: list[str] = answer.json()["headers"]["X-Auth-Subject"]
    return found


def key_names(stack: CasesStack) -> list[str]:
    return [key["kid"] for key in stack.ask("/.well-known/jwks.json").json()["keys"]]


def test_a_password_opens_what_asks_for_a_token(stack: CasesStack, user: dict[str, Any]) -> None:
    assert post(stack, "/login", email=user["email"], password="wrong horse battery")[0] == 401
    assert subjects(stack, logged_in(stack, user)) == [str(user["id"])]
    assert stack.ask(BEHIND, headers={"X-Auth-Subject": "root"}).status == 401


def test_a_session_goes_on_until_its_token_is_used_twice(stack: CasesStack, user: dict[str, Any]) -> None:
    first = logged_in(stack, user)
    status, second = post(stack, "/token/refresh", refresh_token=first["refresh_token"])
    assert status == 200
    assert subjects(stack, second) == [str(user["id"])]
    assert post(stack, "/token/refresh", refresh_token=first["refresh_token"])[0] == 401
    assert post(stack, "/token/refresh", refresh_token=second["refresh_token"])[0] == 401


def test_whoever_logs_out_needs_the_password_again(stack: CasesStack, user: dict[str, Any]) -> None:
    pair = logged_in(stack, user)
    assert post(stack, "/logout", refresh_token=pair["refresh_token"])[0] == 200
    assert post(stack, "/token/refresh", refresh_token=pair["refresh_token"])[0] == 401


def test_no_key_is_where_the_engine_shows_it(stack: CasesStack) -> None:
    shown = [json.dumps(replica.container.attrs) for replica in stack.replicas("users")]
    assert len(shown) == 2
    assert [text for text in shown if "Ed25519" in text] == []
    assert '"d"' not in stack.ask("/.well-known/jwks.json").data.decode()


def test_a_rotated_key_refuses_nobody(stack: CasesStack, user: dict[str, Any]) -> None:
    before, known = logged_in(stack, user), key_names(stack)
    request = Request("GET", stack.url() + BEHIND, headers=bearer(before))
    stack.change_rotation(tokens=2)
    with Load(stack.authority, 20, lambda _: request) as load:
        assert lifecycle.up(stack.workspace) == 0
        assert subjects(stack, logged_in(stack, user)) == [str(user["id"])]
    assert load.result.failures == []
    # The one that signed before, the one that signs, which was known before it did, and the next one.
    assert key_names(stack)[:2] == known
    assert len(key_names(stack)) == 3


def test_a_second_update_would_change_nothing(stack: CasesStack) -> None:
    assert stack.preview_changes() == ""
