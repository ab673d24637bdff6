"""People log in with an issuer of OpenID Connect through the ingresses of both regions, on the real engine.

The issuer is mockoidc (`tests/oidc_provider`), a container in the network between the regions. What nginx and
oauth2-proxy do with every kind of cookie is in `test_rendered_oidc.py`; this shows that a stack has them, and that a
session is good in both regions. Does not prove that an issuer that people use agrees.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
import urllib3
from docker.models.containers import Container

from components.certificates.x509 import new_authority, new_certificate
from infra.settings.stack_file import read_stack_file, written
from tests.integration.beside import address, beside, image_of
from tests.integration.brought_up import PROJECT, brought_up, two_regions
from tests.integration.cases.support import CasesStack, wait_until
from tests.support.https import ask
from tests.support.people import (
    OFFICE,
    ROUTE,
    SECRET,
    LoginPromises,
    People,
    issuer_environment,
    login_settings,
    up_with_images,
)
from tools.offline.toolchain.go_build import build_binary

ISSUER = "issuer:8443"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack file, and what the stack and its issuer have of each other."""
    made = tmp_path_factory.mktemp("oidc")
    made.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def stack(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CasesStack]:
    """Two regions without a login: its issuer is in the stack's network."""
    probe = {
        "context": "tests/probe",
        "replicas": 1,
        "check": {"path": "/ready"},
        "routes": [{"path": "/p/echo"}],
    }
    document = two_regions({"probe": probe}, ports=38, network=97)
    file = folder / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("oidc", file, tmp_path_factory, CasesStack)


@pytest.fixture(scope="module")
def issuer(stack: CasesStack, folder: Path) -> Iterator[Container]:
    """Starts in the running stack's network."""
    ca = new_authority("issuer", 365)
    (folder / "ca.pem").write_text(ca.certificate, encoding="ascii")
    own = new_certificate(ca, ["issuer"], 30)
    context = folder / "issuer"
    context.mkdir()
    (context / "certificate.pem").write_text(own.certificate, encoding="ascii")
    (context / "key.pem").write_text(own.private_key, encoding="ascii")
    shutil.copy(build_binary(PROJECT / "tests" / "oidc_provider", ".", "oidc-provider", lane="tests"), context)
    environment = issuer_environment("", ISSUER)
    with (
        image_of(stack, context) as image,
        beside(stack, image, "issuer", "/oidc-provider", **environment) as container,
    ):
        yield container


@pytest.fixture(scope="module")
def people(stack: CasesStack, issuer: Container, folder: Path) -> People:
    log_in(stack, folder)

    def asks(path: str, *, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Another address may be that of the issuer once it was started again."""
        where = (address(stack, issuer), 8443)
        return ask(where, "issuer", path, authority=folder / "ca.pem", port=8443, headers=headers)

    regions = {region: partial(stack.ask, region=region) for region in ("east", "west")}
    return People(stack, regions, asks, ISSUER)


def log_in(stack: CasesStack, folder: Path) -> None:
    """Ask for a login on the route, now that there is an issuer."""
    document = read_stack_file(stack.workspace.stack_file)
    document["config"]["gostack:ingress"] = {"logins": {"staff": login_settings(folder, ISSUER)}}
    document["config"]["gostack:services"]["probe"]["routes"].append(ROUTE)
    stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
    up_with_images(stack)


class TestLogins(LoginPromises):
    """On Docker."""


def test_a_region_without_what_keeps_sessions_asks_the_other_one(people: People, stack: CasesStack) -> None:
    ada = people.browser("ada")
    assert ada.open(OFFICE).status == 200
    (keeper,) = stack.containers("application", service="login-staff", region="east")
    keeper.pause()
    try:
        wait_until(lambda: ada.ask(OFFICE).status == 200, 30, "the session is taken in the other region")
    finally:
        keeper.unpause()


def test_an_issuer_that_signs_with_another_key_is_believed_and_sessions_go_on(
    people: People, issuer: Container
) -> None:
    ada, before = people.browser("ada"), keys(people)
    assert ada.open(OFFICE).status == 200
    issuer.restart()
    wait_until(lambda: bool(keys(people) - before), 30, "the issuer has another key")
    assert ada.ask(OFFICE).status == 200
    assert people.browser("ada").open(OFFICE).status == 200


def keys(people: People) -> set[str]:
    """Names of the keys by which the issuer's tokens are verified; none while it is away."""
    try:
        found = people.issuer("/oidc/.well-known/jwks.json", headers={}).json()["keys"]
    except urllib3.exceptions.HTTPError:
        return set()
    return {key["kid"] for key in found}


def test_no_secret_is_in_a_variable_or_an_argument_of_a_container(people: People, stack: CasesStack) -> None:
    shown = [json.dumps(one.attrs) for one in stack.containers("application", service="login-staff")]
    assert len(shown) == 2
    assert [text for text in shown if SECRET in text] == []
