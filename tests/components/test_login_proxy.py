"""What keeps the sessions of a login by OIDC, on both platforms: replicas of a program of others.

Does not prove that oauth2-proxy takes its configuration: `tests/integration/test_rendered_oidc.py` starts it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from components.files import GivenFile
from components.ingress.login import Login
from components.ingress.login_proxy import CONFIGURATION, PORT, login_proxy_files, login_proxy_workload
from components.microservice import docker, kubernetes
from tests.components.alone import NAME, Secret, alone, container, spec
from tests.graph.recorder import Graph

STAFF = Login(
    kind="oidc", issuer="https://login.example.com:8443/realms/shop", client_id='the "shop"', allowed_groups=["staff"]
)


def files(login: Login, issuer_ca: str | None = None) -> Mapping[str, GivenFile]:
    return login_proxy_files(
        "staff",
        login,
        client_secret=Secret("client-secret-of-the-shop"),
        cookie_secret=Secret("key-of-the-sessions"),
        issuer_ca=issuer_ca,
    )


def configuration(login: Login, issuer_ca: str | None = None) -> dict[str, Any]:
    return tomllib.loads(str(files(login, issuer_ca)[CONFIGURATION]["content"]))


def made(component: Any) -> Graph:
    return alone(
        component,
        service="login-staff",
        image="oauth2-proxy",
        replicas=2,
        secrets={},
        workload=login_proxy_workload(STAFF),
        given_files=dict(files(STAFF)),
    )


def test_on_docker_its_secrets_are_in_files_and_in_no_variable() -> None:
    graph = made(docker.Microservice)
    application = graph.resources[f"{NAME}-0-application"]
    assert application.plain("command") == [f"--config={CONFIGURATION}"]
    assert application.plain("user") == "65532"
    mounted = {volume.get("containerPath") for volume in application.plain("volumes")}
    assert set(files(STAFF)) <= mounted
    told = "".join(graph.in_plain().values())
    assert "client-secret-of-the-shop" not in told
    assert "key-of-the-sessions" not in told


def test_on_kubernetes_its_secrets_are_in_a_secret_and_it_reaches_the_issuer_alone() -> None:
    graph = made(kubernetes.Microservice)
    assert graph.resources[f"{NAME}-files"].is_secret("stringData")
    program = container(graph, "deployment", "application")
    assert program["readinessProbe"]["httpGet"] == {"port": PORT, "path": "/ready"}
    assert program["securityContext"]["runAsUser"] == 65532
    outside = [
        port["port"]
        for rule in spec(graph, "paths")["egress"]
        for port in rule.get("ports", [])
        if any("ipBlock" in peer for peer in rule["to"])
    ]
    assert outside == [8443]


def test_whom_the_issuer_knows_is_let_in_by_a_group_whatever_the_address() -> None:
    found = configuration(STAFF)
    assert (found["allowed_groups"], found["email_domains"]) == (["staff"], ["*"])
    assert "authenticated_emails_file" not in found
    assert found["client_id"] == 'the "shop"'
    assert found["whitelist_domains"] == ["login.example.com:8443"]


@pytest.mark.parametrize(
    ("emails", "domains", "people"),
    [
        (["*"], ["*"], None),
        (["@example.org", "Ada@example.com"], ["example.org"], "ada@example.com\n"),
        (["ada@example.com", "grace@example.com"], [], "ada@example.com\ngrace@example.com\n"),
    ],
)
def test_whom_the_settings_name_is_let_in_and_nobody_else(
    emails: list[str], domains: list[str], people: str | None
) -> None:
    login = Login(kind="oidc", issuer="https://login.example.com", client_id="shop", allowed_emails=emails)
    found = configuration(login)
    assert found["email_domains"] == domains
    told = files(login)[found["authenticated_emails_file"]]["content"] if people is not None else None
    assert told == people


def test_an_issuer_with_an_authority_of_its_own_is_known_by_that_alone() -> None:
    found = configuration(STAFF, "authority")
    (path,) = found["provider_ca_files"]
    assert files(STAFF, "authority")[path]["content"] == "authority"
    assert "provider_ca_files" not in configuration(STAFF)
