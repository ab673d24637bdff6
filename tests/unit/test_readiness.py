"""`up` ends when clients reach the services, and says which ones they do not reach.

Does not prove how long a real ingress takes.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from components.certificates.x509 import new_authority, new_certificate
from components.ingress.own_answers import OWN_ANSWERS
from infra.settings import Settings, parse_settings
from tests.support.settings import published
from tools.gostack.lifecycle.readiness import wait_until_reachable

HOST = "api.example.com"
UNAVAILABLE = next(answer.body for answer in OWN_ANSWERS if answer.status == 503)


class Handler(BaseHTTPRequestHandler):
    statuses: ClassVar[list[int]] = []
    body: ClassVar[str] = ""
    asked: ClassVar[list[tuple[str, str]]] = []

    def do_HEAD(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        self.send_response(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.body.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the method's parameter)
        """Say nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    made = new_authority("test", 365)
    served = new_certificate(made, [HOST], 30)
    (folder / "ca.pem").write_text(made.certificate)
    (folder / "server.pem").write_text(served.certificate + served.private_key)
    return folder / "ca.pem"


@pytest.fixture
def settings(authority: Path) -> Iterator[Settings]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("server.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    values = published()
    values["regions"].pop("west")
    values["mysql"] = {"primary": "east", "topology": "single"}
    values["regions"]["east"]["https_port"] = server.server_port
    values["ingress"] = {"hosts": [HOST]}
    Handler.asked.clear()
    yield parse_settings(values)
    server.shutdown()
    thread.join()
    server.server_close()


def addresses(settings: Settings) -> dict[str, str]:
    return {name: f"127.0.0.1:{region.https_port}" for name, region in settings.regions.items()}


def test_a_service_that_comes_a_little_later_is_waited_for(settings: Settings, authority: Path) -> None:
    # Each look is a HEAD, and a GET that tells who answers.
    Handler.statuses = [503, 503, 503, 503, 200]
    Handler.body = UNAVAILABLE
    assert wait_until_reachable(settings, addresses(settings), authority) == []
    assert Handler.statuses == [200]


def test_a_host_name_that_does_not_resolve_here_is_asked_at_the_ingress(settings: Settings, authority: Path) -> None:
    Handler.statuses = [405]
    assert wait_until_reachable(settings, addresses(settings), authority) == []
    assert Handler.asked == [(HOST, "/api/v1/users")]


def test_a_certificate_that_the_stack_did_not_make_need_not_be_known_here(settings: Settings, tmp_path: Path) -> None:
    Handler.statuses = [200]
    assert wait_until_reachable(settings, addresses(settings), None) == []
    stranger = tmp_path / "ca.pem"
    stranger.write_text(new_authority("stranger", 365).certificate)
    assert wait_until_reachable(settings, addresses(settings), stranger, patience=0.0) == [
        "the ingress of east does not reach users: /api/v1/users gives no answer (SSLError)"
    ]


def test_a_service_that_never_comes_is_named(settings: Settings, authority: Path) -> None:
    Handler.statuses = [503]
    Handler.body = UNAVAILABLE
    assert wait_until_reachable(settings, addresses(settings), authority, patience=0.0) == [
        "the ingress of east does not reach users: /api/v1/users answers 503"
    ]


def test_a_service_that_says_503_itself_is_reached(settings: Settings, authority: Path) -> None:
    Handler.statuses = [503]
    Handler.body = "closed for today"
    assert wait_until_reachable(settings, addresses(settings), authority, patience=0.0) == []


def test_a_service_in_maintenance_is_not_waited_for(settings: Settings, authority: Path) -> None:
    held = settings.services["users"].model_copy(update={"maintenance": True})
    settings = settings.model_copy(update={"services": {"users": held}})
    assert wait_until_reachable(settings, addresses(settings), authority) == []
    assert Handler.asked == []
