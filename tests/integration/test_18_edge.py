"""Hosts with certificates of their own, clients' certificates and tokens, through the ingress on the real engine.

What nginx does with every kind of login is in `test_rendered_edge.py`; this shows that a stack has it. TLS is judged by
sslyze (https://github.com/nabla-c0d3/sslyze), which comes from PyPI. Does not prove that a browser agrees.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from components.certificates.x509 import new_authority, new_certificate
from infra.settings.stack_file import written
from tests.integration.brought_up import PROJECT, brought_up, one_region
from tests.integration.cases.support import CasesStack, echoed, wait_until
from tests.support.load import Load, Request
from tests.support.pki import client_certificate
from tests.support.tokens import AUDIENCE, ISSUER, SigningKey, key_set
from tools.gostack.lifecycle import lifecycle

SSLYZE = "sslyze==6.3.1"
SHOP_CA, CLIENTS_CA, OTHER_CA = (new_authority(name, 365) for name in ("shop", "clients", "others"))
SHOP = new_certificate(SHOP_CA, ["shop.example.com", "www.shop.example.com"], 30)
FIRST, SECOND = SigningKey("first"), SigningKey("second")
PASSWORD = "ada:$6$edge$H9ZNNQ7.5Itgoj.1AVGXv1hMeNkNqd1DwioL.Ob6IolN5b/rG/QIwLewQBxiNznFbrnGFCpe6htYRdkT.spkk."
ECHO = "/p/echo/a"


@dataclass(frozen=True)
class Edge:
    """The stack, and files that only its strangers have."""

    stack: CasesStack
    folder: Path

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
        pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1",
            self.stack.port("east"),
            ca_certs=str(self.folder / f"{ca}.pem" if ca else self.stack.authority),
            cert_file=str(self.folder / f"{certificate}.pem") if certificate else None,
            key_file=str(self.folder / f"{certificate}.key") if certificate else None,
            server_hostname=host,
            assert_hostname=host,
            retries=False,
            timeout=30,
        )
        with pool:
            given = {"Host": f"{host}:{self.stack.port('east')}", **(headers or {})}
            return pool.request("GET", path, headers=given, redirect=False)

    def write_keys(self, *keys: SigningKey) -> None:
        """Publish the public keys of the issuer."""
        (self.folder / "keys.json").write_text(key_set(*keys), encoding="utf-8")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    pairs = {
        "shop": SHOP,
        "ada": client_certificate(CLIENTS_CA, "ada"),
        "eve": client_certificate(OTHER_CA, "eve"),
        "expired": client_certificate(CLIENTS_CA, "ada", days=-1),
    }
    for name, pair in pairs.items():
        (folder / f"{name}.pem").write_text(pair.certificate, encoding="ascii")
        (folder / f"{name}.key").write_text(pair.private_key, encoding="ascii")
    for name, authority in {"shop-ca": SHOP_CA, "clients-ca": CLIENTS_CA}.items():
        (folder / f"{name}.pem").write_text(authority.certificate, encoding="ascii")
    (folder / "people").write_text(PASSWORD, encoding="ascii")
    (folder / "keys.json").write_text(key_set(FIRST), encoding="utf-8")
    probe: dict[str, Any] = {
        "context": "tests/probe",
        "replicas": 2,
        "check": {"path": "/ready"},
        "routes": [
            {"path": "/p"},
            {"path": "/cities", "login": "internal"},
            {"path": "/case/api/p", "login": "api"},
        ],
    }
    document = one_region({"probe": probe}, ports=35, network=98)
    document["config"]["gostack:ingress"] = {
        "hosts": ["localhost", "127.0.0.1", "shop.example.com", "admin.example.com"],
        "sites": {
            "shop.example.com": {
                "redirect_from": ["www.shop.example.com"],
                "certificate": str(folder / "shop.pem"),
                "secrets": {"key": f"ref+file://{folder}/shop.key"},
            },
            "admin.example.com": {"client_certificates": {"ca": str(folder / "clients-ca.pem")}},
        },
        "logins": {
            "internal": {"kind": "basic", "secrets": {"htpasswd": f"ref+file://{folder}/people"}},
            "api": {"kind": "jwt", "issuer": ISSUER, "audience": AUDIENCE, "jwks": str(folder / "keys.json")},
        },
    }
    file = folder / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    for stack in brought_up("edge", file, tmp_path_factory, CasesStack):
        yield Edge(stack, folder)


def test_each_host_has_its_own_certificate(edge: Edge) -> None:
    assert edge.ask("shop.example.com", ca="shop-ca").status == 200
    assert edge.ask("localhost").status == 200
    with pytest.raises(urllib3.exceptions.SSLError):
        edge.ask("localhost", ca="shop-ca")


def test_another_name_leads_to_the_host(edge: Edge) -> None:
    answer = edge.ask("www.shop.example.com", "/p/echo/a?b=c", ca="shop-ca")
    where = f"https://shop.example.com:{edge.stack.port('east')}/p/echo/a?b=c"
    assert (answer.status, answer.headers["location"]) == (308, where)


@pytest.mark.parametrize(("name", "answered"), [("stranger.example.com", False), ("localhost", True), (None, True)])
def test_a_stranger_gets_no_certificate(edge: Edge, name: str | None, answered: bool) -> None:
    context = ssl.create_default_context(cafile=str(edge.stack.authority))
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", edge.stack.port("east")), timeout=10) as connection:
        if answered:
            with context.wrap_socket(connection, server_hostname=name) as secure:
                assert secure.getpeercert()
        else:
            with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                context.wrap_socket(connection, server_hostname=name)


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("localhost", None),
        ("admin.example.com", None),
        ("shop.example.com", "shop-ca.pem"),
        ("www.shop.example.com", "shop-ca.pem"),
    ],
)
def test_a_scanner_finds_nothing_on_any_host(edge: Edge, host: str, authority: str | None) -> None:
    trusted = edge.folder / authority if authority is not None else edge.stack.authority
    scan = subprocess.run(
        [
            *(str(PROJECT / ".venv" / "bin" / "uv"), "tool", "run", "--from", SSLYZE, "sslyze"),
            *("--mozilla_config", "intermediate", "--certinfo_ca_file", str(trusted)),
            f"{host}:{edge.stack.port('east')}{{127.0.0.1}}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "OK - Compliant." in scan.stdout, scan.stdout + scan.stderr
    assert scan.returncode == 0


def test_a_host_for_clients_with_a_certificate_tells_whose_it_is(edge: Edge) -> None:
    assert edge.ask("admin.example.com").status == 403
    assert edge.ask("admin.example.com", certificate="eve").status == 403
    assert edge.ask("admin.example.com", certificate="expired").status == 403
    forged = {"X-Client-Subject": "CN=root", "X_Client_Subject": "CN=root"}
    answer = edge.ask("admin.example.com", certificate="ada", headers=forged)
    assert (echoed(answer, "X-Client-Subject"), echoed(answer, "X_client_subject")) == (["CN=ada"], [])
    assert echoed(edge.ask("localhost", headers=forged), "X-Client-Subject") == []


def test_what_is_internal_needs_a_name_and_a_password(edge: Edge) -> None:
    assert edge.ask("localhost", "/cities/a").status == 401
    assert edge.ask("localhost", "/cities/a", headers=urllib3.make_headers(basic_auth="ada:wrong")).status == 401
    login = {**urllib3.make_headers(basic_auth="ada:correct"), "X-Auth-Subject": "root"}
    answer = edge.ask("localhost", "/cities/a", headers=login)
    assert (echoed(answer, "X-Auth-Subject"), echoed(answer, "Authorization")) == (["ada"], [])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "X-Auth-Subject": "root"}


def test_a_token_is_taken_from_its_issuer_alone_and_while_it_lasts(edge: Edge) -> None:
    path = "/case/api/p/echo/a"
    assert echoed(edge.ask("localhost", path, headers=bearer(FIRST.token())), "X-Auth-Subject") == ["ada"]
    for refused in (FIRST.token(exp=1), FIRST.token(aud="bank"), SigningKey("first").token(), SECOND.token()):
        assert edge.ask("localhost", path, headers=bearer(refused)).status == 401
    assert edge.ask("localhost", path, headers={"X-Auth-Subject": "root"}).status == 401


def test_keys_of_an_issuer_are_rotated_without_a_refused_request(edge: Edge) -> None:
    path = "/case/api/p/echo/a"
    edge.write_keys(FIRST, SECOND)
    try:
        # Good before and after: it must never be refused.
        request = Request("GET", edge.stack.url() + path, headers=bearer(FIRST.token()))
        with Load(edge.stack.authority, 20, lambda _: request) as load:
            assert lifecycle.up(edge.stack.workspace) == 0
        assert load.result.failures == []
        for key in (FIRST, SECOND):
            accepted = bearer(key.token())
            wait_until(
                lambda headers=accepted: edge.ask("localhost", path, headers=headers).status == 200,
                30,
                "a key is known",
            )
        assert edge.ask("localhost", path).status == 401
    finally:
        edge.write_keys(FIRST)
        assert lifecycle.up(edge.stack.workspace) == 0
    wait_until(
        lambda: edge.ask("localhost", path, headers=bearer(SECOND.token())).status == 401, 30, "a key is taken back"
    )


def test_a_verifier_that_is_away_lets_nobody_in(edge: Edge) -> None:
    (verifier,) = edge.stack.containers("token-verifier", region="east")
    path = "/case/api/p/echo/a"
    verifier.pause()
    try:
        assert edge.ask("localhost", path, headers=bearer(FIRST.token())).status == 503
        assert edge.ask("localhost").status == 200
    finally:
        verifier.unpause()
    assert edge.ask("localhost", path, headers=bearer(FIRST.token())).status == 200


def test_a_second_update_would_change_nothing(edge: Edge) -> None:
    assert edge.stack.preview_changes() == ""
