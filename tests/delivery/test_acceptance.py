"""What `gostack acceptance` asks of a deployed stack, against answers that are made up here, and whom it trusts.

Does not prove that a real stack answers so: tests/rehearsal/test_pipeline.py runs it on one.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from components.certificates.x509 import new_authority, new_certificate
from components.ingress.own_answers import OWN_ANSWERS
from tools.gostack.release.acceptance import acceptance, checks

OUTPUTS = {
    "url": "https://one",
    "regions": {"east": "https://one", "west": "https://two"},
    "services": {"users": {"url": "https://one/api/v1/users"}, "worker": {"url": ""}},
}


class Stack:
    """Answers like a stack that is well, but for what a test breaks."""

    def __init__(self, broken: dict[str, int] | None = None) -> None:
        self.broken = broken or {}
        self.email = ""
        self.deleted = False

    def __call__(self, method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        if url in self.broken:
            return answer(self.broken[url], {})
        if method == "POST":
            self.email = (body or {})["email"]
            return answer(201, {"data": {"id": 7}})
        if method == "DELETE":
            self.deleted = True
            return answer(204, {})
        if url.endswith("/users/7"):
            return answer(200, {"data": {"email": self.email}})
        known = url.endswith(("/.well-known/gostack/healthz", "/users"))
        return answer(200 if known else 404, {})


def answer(status: int, document: object) -> urllib3.BaseHTTPResponse:
    return urllib3.HTTPResponse(json.dumps(document).encode(), {"Content-Type": "application/json"}, status)


def failed(stack: Stack) -> dict[str, str]:
    return {what: problem for what, problem in checks(OUTPUTS, stack) if problem}


def test_a_stack_that_is_well_passes_and_keeps_nothing_of_the_check() -> None:
    stack = Stack()
    assert failed(stack) == {}
    assert stack.deleted is True
    assert len(list(checks(OUTPUTS, stack))) == 6


def test_a_region_that_does_not_read_what_another_wrote_fails_by_name() -> None:
    assert failed(Stack({"https://two/api/v1/users/7": 404})) == {
        "a user that is created is read in every region": "west answers 404 instead of 200"
    }


def test_an_entry_that_is_not_well_fails_by_name() -> None:
    assert failed(Stack({"https://two/.well-known/gostack/healthz": 503})) == {
        "the entry of west is well": "answers 503 instead of 200"
    }


def test_a_service_that_fails_is_named() -> None:
    found = failed(Stack({"https://one/api/v1/users": 502}))
    assert found["users answers"] == "answers 502"


def test_a_service_whose_route_the_ingress_does_not_know_is_not_reached() -> None:
    no_such_path = next(own for own in OWN_ANSWERS if own.status == 404)

    def stack(method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        if url.endswith("/users"):
            return urllib3.HTTPResponse(no_such_path.body.encode(), {"Content-Type": "application/json"}, 404)
        return Stack()(method, url, body)

    found = {what: problem for what, problem in checks(OUTPUTS, stack) if problem}
    assert found["users answers"] == "is not reached: the ingress answers 404 itself"


def test_an_entry_that_cannot_be_reached_is_a_failed_check_and_no_traceback() -> None:
    def unreachable(method: str, url: str, body: Mapping[str, Any] | None) -> urllib3.BaseHTTPResponse:
        raise urllib3.exceptions.ProtocolError("refused")

    assert all("ProtocolError" in problem for _, problem in checks(OUTPUTS, unreachable))


class NotFound(BaseHTTPRequestHandler):
    """Answers each path as an ingress does one that it does not know."""

    def do_GET(self) -> None:
        healthy = self.path.startswith("/.well-known")
        self.send_response(200 if healthy else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


SIGNED_BY = {name: new_authority(name, 365) for name in ("own", "public", "stranger")}


@pytest.fixture
def entries(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Authority to the URL of an ingress whose certificate it has signed."""
    running: dict[str, HTTPServer] = {}
    for name, authority in SIGNED_BY.items():
        pair = new_certificate(authority, ["localhost"], 10)
        file = tmp_path / f"{name}.pem"
        file.write_text(pair.certificate + pair.private_key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        running[name] = HTTPServer(("127.0.0.1", 0), NotFound)
        running[name].socket = context.wrap_socket(running[name].socket, server_side=True)
        threading.Thread(target=running[name].serve_forever, args=(0.05,), daemon=True).start()
    yield {name: f"https://localhost:{server.server_port}" for name, server in running.items()}
    for server in running.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("aws", "accepted"), [(None, {"own", "public"}), (object(), {"public"})], ids=["own machine", "AWS"]
)
def test_the_stacks_own_authority_and_public_ones_are_trusted_and_on_aws_the_public_ones_alone(
    entries: dict[str, str],
    aws: object,
    accepted: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = tmp_path / "system.pem"
    system.write_text(SIGNED_BY["public"].certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    outputs = {"regions": entries, "services": {}, "ca_certificate": SIGNED_BY["own"].certificate}
    stack: Any = SimpleNamespace(stack="test", outputs=lambda: outputs, settings=SimpleNamespace(aws=aws))
    assert acceptance(stack) == 1
    said = capsys.readouterr().out
    assert {name for name in entries if f"passed: the entry of {name} is well" in said} == accepted
    assert said.count("CERTIFICATE_VERIFY_FAILED") == 2 * (len(entries) - len(accepted))
