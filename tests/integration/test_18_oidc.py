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
from functools import partial
from pathlib import Path

import pytest

from components.certificates.x509 import new_authority, new_certificate
from infra.settings.stack_file import read_stack_file, written
from tests.integration.brought_up import PROJECT, brought_up, two_regions
from tests.integration.cases.support import CasesStack, wait_until
from tests.support.https import ask
from tests.support.people import (
    OFFICE,
    ROUTE,
    SECRET,
    Asks,
    LoginPromises,
    People,
    issuer_environment,
    login_settings,
    up_with_images,
)
from tools.offline.toolchain.go_build import build_binary

ISSUER = "issuer:8443"
IMAGE = "gostack-test-issuer:1"


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
def people(stack: CasesStack, folder: Path) -> Iterator[People]:
    ca = new_authority("issuer", 365)
    own = new_certificate(ca, ["issuer"], 30)
    (folder / "ca.pem").write_text(ca.certificate, encoding="ascii")
    with ExitStack() as running:
        files = {"certificate.pem": own.certificate, "key.pem": own.private_key}
        issuer = started(stack, folder, files, running)
        log_in(stack, folder)
        regions = {region: partial(stack.ask, region=region) for region in ("east", "west")}
        yield People(stack, regions, issuer, ISSUER)


def started(stack: CasesStack, folder: Path, files: dict[str, str], running: ExitStack) -> Asks:
    """Start the issuer in the stack's network; return who asks it from this machine."""
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
    container = client.containers.create(IMAGE, name="oidc-test-issuer", environment=issuer_environment("", ISSUER))
    running.callback(container.remove, force=True)
    network.connect(container, aliases=["issuer"])
    container.start()
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"]
    return partial(ask, (address, 8443), "issuer", authority=folder / "ca.pem", port=8443)


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


def test_no_secret_is_in_a_variable_or_an_argument_of_a_container(people: People, stack: CasesStack) -> None:
    shown = [json.dumps(one.attrs) for one in stack.containers("application", service="login-staff")]
    assert len(shown) == 2
    assert [text for text in shown if SECRET in text] == []
