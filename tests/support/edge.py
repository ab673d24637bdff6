"""Hosts with certificates of their own, clients' certificates, tokens and passwords: what a stack is given of them, and
what it promises on every platform.

A module of tests has a fixture `edge` and a class that inherits the promises. TLS by a scanner is in
`tests/integration/test_18_edge.py`.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from components.certificates.x509 import KeyPair, new_authority, new_certificate
from tests.support.https import ask, echoed, host_and_port
from tests.support.live_stack import StackUnderTest, wait_until
from tests.support.load import Load, Request
from tests.support.passwords import SHA512
from tests.support.pki import client_certificate
from tests.support.tokens import AUDIENCE, ISSUER, SigningKey, key_set
from tools.gostack.lifecycle import lifecycle

HOST, SHOP, ADMIN = "localhost", "shop.example.com", "admin.example.com"
SHOP_CA, CLIENTS_CA, NEXT_CA, OTHER_CA = (new_authority(name, 365) for name in ("shop", "clients", "next", "others"))
FIRST, SECOND = SigningKey("first"), SigningKey("second")
ECHO, INTERNAL, API = "/p/echo/a", "/cities/a", "/case/api/p/echo/a"

ROUTES = [{"path": "/p"}, {"path": "/cities", "login": "internal"}, {"path": "/case/api/p", "login": "api"}]
"""Routes of the probe that ask for the logins."""

RATE = 20
"""Requests a second."""


def write_edge_files(folder: Path) -> None:
    """Write what the stack and its strangers have."""
    pairs = {
        "shop": new_certificate(SHOP_CA, [SHOP, f"www.{SHOP}"], 30),
        "ada": client_certificate(CLIENTS_CA, "ada"),
        "grace": client_certificate(NEXT_CA, "grace"),
        "eve": client_certificate(OTHER_CA, "eve"),
        "expired": client_certificate(CLIENTS_CA, "ada", days=-1),
    }
    for name, pair in pairs.items():
        (folder / f"{name}.pem").write_text(pair.certificate, encoding="ascii")
        (folder / f"{name}.key").write_text(pair.private_key, encoding="ascii")
    (folder / "shop-ca.pem").write_text(SHOP_CA.certificate, encoding="ascii")
    (folder / "people").write_text(f"ada:{SHA512}", encoding="ascii")
    trust(folder, [FIRST], [CLIENTS_CA])


def trust(folder: Path, keys: Sequence[SigningKey], authorities: Sequence[KeyPair]) -> None:
    """Write the public keys of the issuer of tokens and the authorities of clients' certificates."""
    (folder / "keys.json").write_text(key_set(*keys), encoding="utf-8")
    (folder / "clients-ca.pem").write_text("".join(one.certificate for one in authorities), encoding="ascii")


def edge_settings(folder: Path) -> dict[str, Any]:
    """Return `gostack:ingress` with these files."""
    return {
        "hosts": [HOST, "127.0.0.1", SHOP, ADMIN],
        "sites": {
            SHOP: {
                "redirect_from": [f"www.{SHOP}"],
                "certificate": str(folder / "shop.pem"),
                "secrets": {"key": f"ref+file://{folder}/shop.key"},
            },
            ADMIN: {"client_certificates": {"ca": str(folder / "clients-ca.pem")}},
        },
        "logins": {
            "internal": {"kind": "basic", "secrets": {"htpasswd": f"ref+file://{folder}/people"}},
            "api": {"kind": "jwt", "issuer": ISSUER, "audience": AUDIENCE, "jwks": str(folder / "keys.json")},
        },
    }


@dataclass(frozen=True)
class Edge:
    """The stack, and files that only its strangers have."""

    stack: StackUnderTest
    folder: Path
    address: tuple[str, int]
    """Where its ingress is."""
    port: int
    """The port that clients write."""

    def ask(
        self,
        host: str,
        path: str = ECHO,
        *,
        ca: str = "",
        certificate: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request; `ca` is the authority that is trusted, the stack's own by default."""
        return ask(
            self.address,
            host,
            path,
            authority=self.folder / f"{ca}.pem" if ca else self.stack.authority,
            port=self.port,
            headers=headers,
            certificate=self.folder / f"{certificate}.pem" if certificate else None,
        )

    def load(
        self, host: str, path: str = ECHO, *, certificate: str = "", headers: Mapping[str, str] | None = None
    ) -> Load:
        """A steady load of the same requests."""
        address, port = self.address
        request = Request("GET", f"https://{host}:{self.port}{path}", headers=dict(headers or {}))
        return Load(
            self.stack.authority,
            RATE,
            lambda _: request,
            detours={f"{host}:{self.port}": f"{address}:{port}"},
            certificate=self.folder / f"{certificate}.pem" if certificate else None,
        )


def bearer(token: str) -> dict[str, str]:
    """A token, and a client that says who it is."""
    return {"Authorization": f"Bearer {token}", "X-Auth-Subject": "root"}


class EdgePromises:
    """What a stack with `edge_settings` and `ROUTES` does."""

    def test_each_host_has_its_own_certificate(self, edge: Edge) -> None:
        assert edge.ask(SHOP, ca="shop-ca").status == 200
        assert edge.ask(HOST).status == 200
        with pytest.raises(urllib3.exceptions.SSLError):
            edge.ask(HOST, ca="shop-ca")

    def test_another_name_leads_to_the_host(self, edge: Edge) -> None:
        answer = edge.ask(f"www.{SHOP}", f"{ECHO}?b=c", ca="shop-ca")
        where = f"https://{host_and_port(SHOP, edge.port)}{ECHO}?b=c"
        assert (answer.status, answer.headers["location"]) == (308, where)

    @pytest.mark.parametrize(("name", "answered"), [("stranger.example.com", False), (HOST, True), (None, True)])
    def test_a_stranger_gets_no_certificate(self, edge: Edge, name: str | None, answered: bool) -> None:
        context = ssl.create_default_context(cafile=str(edge.stack.authority))
        context.check_hostname = False
        with socket.create_connection(edge.address, timeout=10) as connection:
            if answered:
                with context.wrap_socket(connection, server_hostname=name) as secure:
                    assert secure.getpeercert()
            else:
                with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                    context.wrap_socket(connection, server_hostname=name)

    def test_a_host_for_clients_with_a_certificate_tells_whose_it_is(self, edge: Edge) -> None:
        assert edge.ask(ADMIN).status == 403
        assert edge.ask(ADMIN, certificate="eve").status == 403
        assert edge.ask(ADMIN, certificate="expired").status == 403
        forged = {"X-Client-Subject": "CN=root", "X_Client_Subject": "CN=root"}
        answer = edge.ask(ADMIN, certificate="ada", headers=forged)
        assert (echoed(answer, "X-Client-Subject"), echoed(answer, "X_client_subject")) == (["CN=ada"], [])
        assert echoed(edge.ask(HOST, headers=forged), "X-Client-Subject") == []

    def test_what_is_internal_needs_a_name_and_a_password(self, edge: Edge) -> None:
        assert edge.ask(HOST, INTERNAL).status == 401
        assert edge.ask(HOST, INTERNAL, headers=urllib3.make_headers(basic_auth="ada:wrong")).status == 401
        login = {**urllib3.make_headers(basic_auth="ada:correct"), "X-Auth-Subject": "root"}
        answer = edge.ask(HOST, INTERNAL, headers=login)
        assert (echoed(answer, "X-Auth-Subject"), echoed(answer, "Authorization")) == (["ada"], [])

    def test_a_token_is_taken_from_its_issuer_alone_and_while_it_lasts(self, edge: Edge) -> None:
        assert echoed(edge.ask(HOST, API, headers=bearer(FIRST.token())), "X-Auth-Subject") == ["ada"]
        for refused in (FIRST.token(exp=1), FIRST.token(aud="bank"), SigningKey("first").token(), SECOND.token()):
            assert edge.ask(HOST, API, headers=bearer(refused)).status == 401
        assert edge.ask(HOST, API, headers={"X-Auth-Subject": "root"}).status == 401

    def test_a_second_update_would_change_nothing(self, edge: Edge) -> None:
        assert edge.stack.preview_changes() == ""

    def test_keys_and_authorities_are_rotated_without_a_refused_request(self, edge: Edge) -> None:
        trust(edge.folder, [FIRST, SECOND], [CLIENTS_CA, NEXT_CA])
        try:
            # Good before and after: they must never be refused.
            with (
                edge.load(HOST, API, headers=bearer(FIRST.token())) as tokens,
                edge.load(ADMIN, certificate="ada") as certificates,
            ):
                assert lifecycle.up(edge.stack.workspace) == 0
            for load in (tokens, certificates):
                assert load.result.sent > RATE
                assert load.result.failures == []
            wait_until(lambda: status_of_next(edge) == (200, 200), 30, "the next key and the next authority are known")
            assert edge.ask(HOST, API).status == 401
            assert edge.ask(ADMIN, certificate="eve").status == 403
        finally:
            trust(edge.folder, [FIRST], [CLIENTS_CA])
            assert lifecycle.up(edge.stack.workspace) == 0
        wait_until(lambda: status_of_next(edge) == (401, 403), 30, "they are taken back")


def status_of_next(edge: Edge) -> tuple[int, int]:
    """How a token of the next key and a certificate of the next authority are answered."""
    token = edge.ask(HOST, API, headers=bearer(SECOND.token()))
    return token.status, edge.ask(ADMIN, certificate="grace").status
