"""Logins and certificates of clients on a cluster: through the real load balancer, Nginx and the verifier of tokens in
its pod, and oauth2-proxy with an issuer of OpenID Connect in a namespace of its own.

The promises are those on Docker. Does not prove that an issuer that people use agrees.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from components.certificates.x509 import new_authority, new_certificate
from tests.integration_cluster.support import pod, push
from tests.integration_kubernetes.support import ClusterStack, is_ready, tell, wait_until
from tests.support.edge import HOST, ROUTES, Edge, EdgePromises, edge_settings, write_edge_files
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
from tools.gostack.kubernetes.lifecycle import remove_namespace
from tools.gostack.lifecycle import lifecycle
from tools.offline.toolchain.go_build import build_binary

ISSUERS = "gostack-integration-issuer"
ISSUER_HOST = f"issuer.{ISSUERS}.svc.cluster.local"
ISSUER = f"{ISSUER_HOST}:8443"

PROBE: dict[str, Any] = {
    "context": "tests/probe",
    "autoscaling": None,
    "replicas": 2,
    "cpu_request": 0.05,
    "memory_request_mib": 64,
    "check": {"path": "/ready"},
    "routes": [*ROUTES, ROUTE],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the stack's strangers, and the authority of the issuer."""
    made = tmp_path_factory.mktemp("logins")
    write_edge_files(made)
    return made


@pytest.fixture(scope="module")
def issuer(stack: ClusterStack, folder: Path) -> Iterator[Asks]:
    """The issuer, which is none of the stack's pods, as this machine reaches it."""
    ca = new_authority("issuer", 365)
    (folder / "ca.pem").write_text(ca.certificate, encoding="ascii")
    own = new_certificate(ca, [ISSUER_HOST], 30)
    program = build_binary(stack.workspace.project / "tests" / "oidc_provider", ".", "oidc-provider", lane="tests")
    remove_namespace(stack.api, ISSUERS)
    try:
        for path, document in issuer_objects(
            push("gostack-tests/issuer", program.read_bytes()),
            {"certificate.pem": own.certificate, "key.pem": own.private_key},
        ):
            stack.api.post(path, document)
        inside = f"/api/v1/namespaces/{ISSUERS}"
        wait_until(lambda: is_ready(stack.api.get(f"{inside}/pods/issuer")), 90, "the issuer is ready")
        wait_until(lambda: load_balancer(stack) != "", 60, "the issuer has an address")
        yield partial(ask, (load_balancer(stack), 8443), ISSUER_HOST, authority=folder / "ca.pem", port=8443)
    finally:
        remove_namespace(stack.api, ISSUERS)


def issuer_objects(image: str, files: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Path and object, one after the other."""
    inside = f"/api/v1/namespaces/{ISSUERS}"
    secret = {"metadata": {"name": "issuer", "namespace": ISSUERS}, "stringData": files}
    mounts = [{"name": "files", "mountPath": "/files", "readOnly": True}]
    program = pod(
        ISSUERS, "issuer", image, mounts=mounts, volumes=[{"name": "files", "secret": {"secretName": "issuer"}}]
    )
    program["spec"]["containers"][0] |= {
        "env": [{"name": name, "value": value} for name, value in issuer_environment("/files", ISSUER).items()],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
    }
    service = {
        "metadata": {"name": "issuer", "namespace": ISSUERS},
        "spec": {"type": "LoadBalancer", "selector": {"app": "issuer"}, "ports": [{"port": 8443}]},
    }
    return [
        ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ISSUERS}}),
        (f"{inside}/secrets", {"apiVersion": "v1", "kind": "Secret", **secret}),
        (f"{inside}/pods", program),
        (f"{inside}/services", {"apiVersion": "v1", "kind": "Service", **service}),
    ]


def load_balancer(stack: ClusterStack) -> str:
    """The address of the issuer's Service; empty while it has none."""
    found = stack.api.get(f"/api/v1/namespaces/{ISSUERS}/services/issuer")["status"]["loadBalancer"]
    return str(found["ingress"][0]["ip"]) if found.get("ingress") else ""


def logins(config: dict[str, Any], folder: Path) -> None:
    """Add the hosts, the logins, and a service with routes that ask for them."""
    ingress = edge_settings(folder)
    ingress["logins"]["staff"] = login_settings(folder, ISSUER)
    config["gostack:ingress"] = ingress
    config["gostack:services"]["probe"] = PROBE


@pytest.fixture(scope="module")
def edge(stack: ClusterStack, issuer: Asks, folder: Path) -> Iterator[Edge]:
    """The hosts and logins are added to a running stack, and taken away again: both converge."""
    published = stack.workspace.stack_file.read_text()
    try:
        stack.change(lambda config: logins(config, folder))
        began = time.monotonic()
        up_with_images(stack)
        tell(f"hosts and logins added: {time.monotonic() - began:.0f} s")
        yield Edge(stack, folder, stack.address, 443)
    finally:
        stack.workspace.stack_file.write_text(published)
        assert lifecycle.up(stack.workspace) == 0
    assert stack.pods("application", service="login-staff") == []


@pytest.fixture(scope="module")
def people(stack: ClusterStack, issuer: Asks, edge: Edge) -> People:
    return People(stack, {"east": stack.ask}, issuer, ISSUER)


class TestEdge(EdgePromises):
    """On a cluster."""


def test_one_of_those_who_keep_sessions_is_lost_and_nobody_notices(
    stack: ClusterStack, people: People, edge: Edge
) -> None:
    ada = people.browser("ada")
    assert ada.open(OFFICE).status == 200
    lost, kept = sorted(stack.names("application", service="login-staff"))
    with edge.load(HOST, OFFICE, headers=ada.sent) as load:
        time.sleep(1)
        stack.api.delete(stack.pod_path(lost))
        stack.wait_for("application", 2, 120, service="login-staff")
        time.sleep(2)
    tell(f"one of two oauth2-proxy deleted: {load.result}")
    assert load.result.failures == []
    assert kept in stack.names("application", service="login-staff")


class TestLogins(LoginPromises):
    """On a cluster."""


def test_no_secret_is_in_a_pod_or_in_a_configuration(stack: ClusterStack, people: People) -> None:
    configurations = stack.api.items(f"/api/v1/namespaces/{stack.namespace}/configmaps")
    shown = json.dumps([*stack.pods("application", service="login-staff"), *configurations])
    assert "oauth2-proxy.cfg" in shown
    assert SECRET not in shown
