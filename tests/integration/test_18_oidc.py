"""People log in with an issuer of OpenID Connect through the ingresses of both regions, on the real engine.

The issuer is mockoidc (`tests/oidc_provider`), a container in the network between the regions. What nginx and
oauth2-proxy do with every kind of cookie is in `test_rendered_oidc.py`; this shows that a stack has them, and that a
session is good in both regions. Does not prove that an issuer that people use agrees.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from components.certificates.x509 import new_authority, new_certificate
from infra.settings.stack_file import read_stack_file, written
from tests.integration.brought_up import PROJECT, brought_up, two_regions
from tests.integration.cases.support import CasesStack, echoed, wait_until
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.offline.toolchain.go_build import build_binary

SECRET = "client-secret-of-the-shop"
OFFICE = "/p/echo/office?a=1&b=2%20c"
PREFIX = "/.well-known/gostack/login/staff"
IMAGE = "gostack-test-issuer:1"
HTML = {"Accept": "text/html"}


@dataclass
class Browser:
    """Somebody's browser: it keeps cookies, and follows redirects to the stack and to the issuer."""

    stack: CasesStack
    issuer: str
    """Host and port at which this machine reaches the issuer."""
    person: str = ""
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def ask(self, path: str, *, region: str = "east", **headers: str) -> urllib3.BaseHTTPResponse:
        """One request to a region's ingress, without following."""
        told = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.stack.ask(path, region=region, headers={**({"Cookie": told} if told else {}), **headers})
        for line in answer.headers.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.value
        return answer

    def open(self, path: str, *, region: str = "east") -> urllib3.BaseHTTPResponse:
        """Open a page as a person does, who logs in where that is asked."""
        answer = self.ask(path, region=region, **HTML)
        for _ in range(5):
            if answer.status != 302:
                break
            target = urlsplit(answer.headers["location"])
            where = f"{target.path}?{target.query}" if target.query else target.path
            if target.netloc == "issuer:8443":
                answer = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False).request(
                    "GET",
                    f"https://{self.issuer}{where}",
                    headers={"X-Test-User": self.person},
                    redirect=False,
                    retries=False,
                    timeout=20,
                )
            else:
                answer = self.ask(where, region=region, **HTML)
        return answer


@dataclass(frozen=True)
class People:
    """The stack and its issuer."""

    stack: CasesStack
    issuer: str

    def browser(self, person: str = "") -> Browser:
        """A new browser, whose person the issuer knows by this name."""
        return Browser(self.stack, self.issuer, person)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("oidc")
    folder.chmod(0o755)
    ca = new_authority("issuer", 365)
    own = new_certificate(ca, ["issuer"], 30)
    (folder / "ca.pem").write_text(ca.certificate, encoding="ascii")
    (folder / "secret").write_text(SECRET, encoding="ascii")
    probe = {
        "context": "tests/probe",
        "replicas": 1,
        "check": {"path": "/ready"},
        "routes": [{"path": "/p/echo"}],
    }
    document = two_regions({"probe": probe}, ports=38, network=97)
    file = folder / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    for stack in brought_up("oidc", file, tmp_path_factory, CasesStack):
        with ExitStack() as running:
            issuer = started(stack, folder, {"certificate.pem": own.certificate, "key.pem": own.private_key}, running)
            log_in(stack, folder)
            yield People(stack, issuer)


def started(stack: CasesStack, folder: Path, files: dict[str, str], running: ExitStack) -> str:
    """Start the issuer in the stack's network; return where this machine reaches it."""
    context = folder / "issuer"
    context.mkdir()
    for name, text in files.items():
        (context / name).write_text(text, encoding="ascii")
    shutil.copy(build_binary(PROJECT / "tests" / "oidc_provider", ".", "oidc-provider", lane="tests"), context)
    (context / "Dockerfile").write_text('FROM scratch\nCOPY . /\nENTRYPOINT ["/oidc-provider"]\n', encoding="ascii")
    client = stack.objects.client
    client.images.build(path=str(context), tag=IMAGE)
    running.callback(client.images.remove, IMAGE, force=True)
    (network,) = [found for found in stack.objects.networks() if "backbone" in found.name]
    container = client.containers.create(
        IMAGE,
        name="oidc-test-issuer",
        environment={
            "ADDRESS": "0.0.0.0:8443",
            "ISSUER": "issuer:8443",
            "CERTIFICATE": "/certificate.pem",
            "KEY": "/key.pem",
            "CLIENT_ID": "shop",
            "CLIENT_SECRET": SECRET,
        },
    )
    running.callback(container.remove, force=True)
    network.connect(container, aliases=["issuer"])
    container.start()
    container.reload()
    return f"{container.attrs['NetworkSettings']['Networks'][network.name]['IPAddress']}:8443"


def log_in(stack: CasesStack, folder: Path) -> None:
    """Ask for a login on the route, now that there is an issuer."""
    document = read_stack_file(stack.workspace.stack_file)
    document["config"]["gostack:ingress"] = {
        "logins": {
            "staff": {
                "kind": "oidc",
                "issuer": "https://issuer:8443/oidc",
                "issuer_ca": str(folder / "ca.pem"),
                "client_id": "shop",
                "scopes": ["openid", "email", "profile", "groups"],
                "allowed_groups": ["staff"],
                "secrets": {"client_secret": f"ref+file://{folder}/secret"},
            }
        }
    }
    document["config"]["gostack:services"]["probe"]["routes"] = [{"path": "/p/echo", "login": "staff"}]
    stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
    stack.workspace.prepare()
    ensure_stack_images(PROJECT, stack.workspace.settings, Progress())
    assert lifecycle.up(stack.workspace) == 0


def test_who_logs_in_is_let_in_in_both_regions_and_the_service_learns_who_it_is(people: People) -> None:
    ada = people.browser("ada")
    answer = ada.open(OFFICE)
    assert (echoed(answer, "X-Auth-Subject"), echoed(answer, "X-Auth-Request-Groups")) == (
        ["1815"],
        ["engineers,staff"],
    )
    assert answer.json()["uri"] == OFFICE
    forged = {"X-Auth-Subject": "root", "X-Auth-Request-Email": "root@example.com", "X_Auth_Request_Email": "root"}
    for region in ("east", "west"):
        answer = ada.ask(OFFICE, region=region, **forged)
        assert echoed(answer, "X-Auth-Subject") == ["1815"]
        assert echoed(answer, "X-Auth-Request-Email") == ["ada@example.com"]
        assert echoed(answer, "X_auth_request_email") == []


def test_nobody_else_is_let_in(people: People) -> None:
    assert people.browser("eve").open(OFFICE).status == 403
    nobody = people.browser()
    assert nobody.ask(OFFICE, **{"X-Auth-Subject": "1815"}).status == 401
    nobody.cookies = {"__Host-login-staff": "forged|1|forged"}
    assert nobody.ask(OFFICE).status == 401


def test_signing_out_ends_the_session_of_a_browser(people: People) -> None:
    ada = people.browser("ada")
    assert ada.open(OFFICE).status == 200
    assert ada.ask(f"{PREFIX}/sign_out?rd=%2F").headers["location"] == "/"
    assert ada.ask(OFFICE).status == 401


def test_a_region_without_what_keeps_sessions_asks_the_other_one(people: People) -> None:
    ada = people.browser("ada")
    assert ada.open(OFFICE).status == 200
    (keeper,) = people.stack.containers("application", service="login-staff", region="east")
    keeper.pause()
    try:
        wait_until(lambda: ada.ask(OFFICE).status == 200, 30, "the session is taken in the other region")
    finally:
        keeper.unpause()


def test_no_secret_is_in_a_variable_or_an_argument_of_a_container(people: People) -> None:
    shown = [json.dumps(one.attrs) for one in people.stack.containers("application", service="login-staff")]
    assert len(shown) == 2
    assert [text for text in shown if SECRET in text] == []


def test_another_key_ends_every_session_and_a_new_login_is_taken(people: People) -> None:
    ada = people.browser("ada")
    assert ada.open(OFFICE).status == 200
    document = read_stack_file(people.stack.workspace.stack_file)
    document["config"]["gostack:rotation"] = {"sessions": 2}
    people.stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
    assert lifecycle.up(people.stack.workspace) == 0
    assert ada.ask(OFFICE).status == 401
    assert ada.open(OFFICE).status == 200


def test_a_second_update_would_change_nothing(people: People) -> None:
    assert people.stack.preview_changes() == ""
