"""People who log in with an issuer of OpenID Connect: their browsers, and what a stack promises them on every platform.

The issuer is mockoidc (`tests/oidc_provider`). A module of tests has a fixture `people` and a class that inherits the
promises.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3

from tests.support.https import echoed
from tests.support.live_stack import StackUnderTest, wait_until
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle

SECRET = "client-secret-of-the-shop"
OFFICE = "/p/echo/office?a=1&b=2%20c"
ROUTE = {"path": "/p/echo/office", "login": "staff"}
"""The route of the probe that asks for the login."""

SESSION_MINUTES = 5
"""The shortest that there is."""

HTML = {"Accept": "text/html"}
_SIGN_OUT = "/.well-known/gostack/login/staff/sign_out?rd=%2F"


class Asks(Protocol):
    """Sends a request for a path to one place, and follows no redirect."""

    def __call__(self, path: str, *, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse: ...


@dataclass(frozen=True)
class People:
    """The stack and the issuer, as people's machines reach them."""

    stack: StackUnderTest
    regions: Mapping[str, Asks]
    """Region to who asks its ingress."""
    issuer: Asks
    issuer_name: str
    """Host and port by which the stack and its redirects name the issuer."""

    def browser(self, person: str = "") -> Browser:
        """A new browser, whose person the issuer knows by this name."""
        return Browser(self, person)


@dataclass
class Browser:
    """Somebody's browser: it keeps cookies, and follows redirects to the stack and to the issuer."""

    people: People
    person: str
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def sent(self) -> dict[str, str]:
        """The header with its cookies."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def ask(self, path: str, *, region: str = "east", **headers: str) -> urllib3.BaseHTTPResponse:
        """One request to a region's ingress, without following."""
        answer = self.people.regions[region](path, headers={**self.sent, **headers})
        for line in answer.headers.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.value
        return answer

    def open(self, path: str) -> urllib3.BaseHTTPResponse:
        """Open a page as a person does, who logs in where that is asked."""
        answer = self.ask(path, **HTML)
        for _ in range(5):
            if answer.status != 302:
                break
            target = urlsplit(answer.headers["location"])
            where = f"{target.path}?{target.query}" if target.query else target.path
            if target.netloc == self.people.issuer_name:
                answer = self.people.issuer(where, headers={"X-Test-User": self.person})
            else:
                answer = self.ask(where, **HTML)
        return answer


def issuer_environment(folder: str, name: str) -> dict[str, str]:
    """Return the variables of the issuer, whose certificate and key are in a folder of its own, by the host and port by
    which the stack knows it."""
    return {
        "ADDRESS": f"0.0.0.0:{name.rpartition(':')[2]}",
        "ISSUER": name,
        "CERTIFICATE": f"{folder}/certificate.pem",
        "KEY": f"{folder}/key.pem",
        "CLIENT_ID": "shop",
        "CLIENT_SECRET": SECRET,
    }


def login_settings(folder: Path, name: str) -> dict[str, Any]:
    """Return the login, with the authority of the issuer in `ca.pem` of a folder, into which the secret is written."""
    (folder / "secret").write_text(SECRET, encoding="ascii")
    return {
        "kind": "oidc",
        "issuer": f"https://{name}/oidc",
        "issuer_ca": str(folder / "ca.pem"),
        "client_id": "shop",
        "scopes": ["openid", "email", "profile", "groups"],
        "allowed_groups": ["staff"],
        "session_minutes": SESSION_MINUTES,
        "secrets": {"client_secret": f"ref+file://{folder}/secret"},
    }


def up_with_images(stack: StackUnderTest) -> None:
    """Bring the stack to settings with which it needs another image."""
    stack.workspace.prepare()
    ensure_stack_images(stack.workspace.project, stack.workspace.settings, Progress())
    assert lifecycle.up(stack.workspace) == 0


class LoginPromises:
    """What a stack with `login_settings` and `ROUTE` does."""

    def test_who_logs_in_is_let_in_in_every_region_and_the_service_learns_who_it_is(self, people: People) -> None:
        ada = people.browser("ada")
        answer = ada.open(OFFICE)
        assert (echoed(answer, "X-Auth-Subject"), echoed(answer, "X-Auth-Request-Groups")) == (
            ["1815"],
            ["engineers,staff"],
        )
        assert answer.json()["uri"] == OFFICE
        forged = {"X-Auth-Subject": "root", "X-Auth-Request-Email": "root@example.com", "X_Auth_Request_Email": "root"}
        for region in people.regions:
            answer = ada.ask(OFFICE, region=region, **forged)
            assert echoed(answer, "X-Auth-Subject") == ["1815"]
            assert echoed(answer, "X-Auth-Request-Email") == ["ada@example.com"]
            assert echoed(answer, "X_auth_request_email") == []

    def test_nobody_else_is_let_in(self, people: People) -> None:
        assert people.browser("eve").open(OFFICE).status == 403
        nobody = people.browser()
        assert nobody.ask(OFFICE, **{"X-Auth-Subject": "1815"}).status == 401
        nobody.cookies = {"__Host-login-staff": "forged|1|forged"}
        assert nobody.ask(OFFICE).status == 401

    def test_signing_out_ends_the_session_of_a_browser(self, people: People) -> None:
        ada = people.browser("ada")
        assert ada.open(OFFICE).status == 200
        assert ada.ask(_SIGN_OUT).headers["location"] == "/"
        assert ada.ask(OFFICE).status == 401

    def test_a_session_is_good_for_its_time_and_no_longer(self, people: People) -> None:
        ada = people.browser("ada")
        assert ada.open(OFFICE).status == 200
        began = time.monotonic()
        wait_until(lambda: ada.ask(OFFICE).status == 401, 60 * SESSION_MINUTES + 10, "the session has ended")
        assert time.monotonic() - began > 60 * SESSION_MINUTES - 10
        assert ada.open(OFFICE).status == 200

    def test_another_key_ends_every_session_and_a_new_login_is_taken(self, people: People) -> None:
        ada = people.browser("ada")
        assert ada.open(OFFICE).status == 200
        people.stack.change_rotation(sessions=2)
        assert lifecycle.up(people.stack.workspace) == 0
        # For a moment an ingress may still know who kept sessions with the key before.
        wait_until(lambda: ada.ask(OFFICE).status == 401, 10, "the session has ended")
        assert ada.open(OFFICE).status == 200

    def test_a_second_update_would_change_nothing(self, people: People) -> None:
        assert people.stack.preview_changes() == ""
