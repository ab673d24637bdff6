"""A certificate by ACME on the real engine: ordered, renewed and handed to both regions while clients come, with the
authority away for longer than a renewal takes, and with the client killed.

The authority is pebble, the test server of Let's Encrypt, in the stack's network, with a DNS server that knows the
names. Does not prove that a public authority reaches port 80 of a machine: docs/public-address.md says how to try that.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography import x509
from docker.models.containers import Container

from components.certificates.x509 import new_authority, new_certificate
from components.ingress import HTTP_PORT
from infra.settings.stack_file import read_stack_file, written
from tests.integration import tls_clients
from tests.integration.brought_up import PROJECT, brought_up, two_regions
from tests.integration.support import LiveStack, wait_until
from tests.integration.tls_clients import RATE, Clients
from tools.gostack.lifecycle import lifecycle
from tools.offline.toolchain.go_build import build_binary

HOST, OTHER = "shop.acme.test", "www.shop.acme.test"
PORTS = {"east": 36443, "west": 37443}
CONSOLE = 36900
CERTIFICATE_SECONDS = 600
"""At the latest with 180 s left it is renewed, which is longer than an alert takes to fire, and an order after it."""

HTTP = urllib3.PoolManager(retries=False, timeout=20, cert_reqs="CERT_NONE", assert_hostname=False)
PEBBLE = "github.com/letsencrypt/pebble/v2/cmd/"


@dataclass(frozen=True)
class Authority:
    """Pebble and its DNS server."""

    pebble: Container
    dns: Container
    network: Any
    root: str


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Two regions with the certificate of the stack's own authority."""
    greeter = {"context": "services/greeter", "check": {"path": "/ready"}, "routes": [{"path": "/hello"}]}
    document = two_regions({"greeter": {**greeter, "replicas": 1}}, ports=36, network=98)
    document["config"]["gostack:ingress"] = {"hosts": [HOST, OTHER]}
    document["config"]["gostack:telemetry"] = {"port": CONSOLE}
    file = tmp_path_factory.mktemp("acme") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("acme", file, tmp_path_factory)


@pytest.fixture(scope="module")
def authority(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """Starts beside the running stack, whose settings name it from then on."""
    folder = tmp_path_factory.mktemp("pebble")
    own = new_authority("pebble", 365)
    served = new_certificate(own, ["pebble"], 30)
    (folder / "ca.pem").write_text(own.certificate)
    (folder / "certificate.pem").write_text(served.certificate)
    (folder / "key.pem").write_text(served.private_key)
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": "0.0.0.0:14000",
                    "managementListenAddress": "0.0.0.0:15000",
                    "certificate": "/certificate.pem",
                    "privateKey": "/key.pem",
                    "httpPort": HTTP_PORT,
                    "tlsPort": 5001,
                    "keyAlgorithm": "ecdsa",
                    "profiles": {"default": {"description": "minutes", "validityPeriod": CERTIFICATE_SECONDS}},
                }
            }
        )
    )
    source = PROJECT / "components" / "certificate_client" / "client"
    for program in ("pebble", "pebble-challtestsrv"):
        binary = build_binary(source, PEBBLE + program, program, lane="tests")
        shutil.copy(binary, folder / program)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\nUSER 0:0\n")
    client = stack.objects.client
    image, _ = client.images.build(path=str(folder), tag="gostack-test-pebble:1")
    (network,) = [found for found in stack.objects.networks() if "backbone" in found.name]
    with ExitStack() as running:

        def started(name: str, *command: str) -> Container:
            container = client.containers.create(image, list(command), name=f"acme-test-{name}")
            running.callback(container.remove, force=True)
            network.connect(container, aliases=[name])
            container.start()
            container.reload()
            return container

        running.callback(client.images.remove, "gostack-test-pebble:1", force=True)
        unused = ("-http01=", "-https01=", "-doh=", "-tlsalpn01=", "-defaultIPv6=")
        dns = started("names", "/pebble-challtestsrv", *unused)
        addresses = [address(sandbox, network) for sandbox in stack.containers("sandbox", service="ingress")]
        for host in (HOST, OTHER):
            body = json.dumps({"host": f"{host}.", "addresses": sorted(addresses)})
            asked(lambda body=body: HTTP.request("POST", f"http://{address(dns, network)}:8055/add-a", body=body))
        resolver = f"{address(dns, network)}:8053"
        pebble = started("pebble", "/pebble", "-config", "/settings.json", "-dnsserver", resolver)
        root = asked(lambda: HTTP.request("GET", f"https://{address(pebble, network)}:15000/roots/0")).data.decode()

        document = read_stack_file(stack.workspace.stack_file)
        document["config"]["gostack:certificates"] = {
            "acme": {"directory": "https://pebble:14000/dir", "directory_ca": str(folder / "ca.pem")}
        }
        stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
        stack.workspace.prepare()
        yield Authority(pebble, dns, network, root)


def asked(ask: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
    """What a program answers once it listens."""
    for _ in range(50):
        try:
            answer = ask()
        except urllib3.exceptions.HTTPError:
            time.sleep(0.2)
            continue
        assert answer.status == 200, answer.data
        return answer
    return ask()


def address(container: Container, network: Any) -> str:
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"])


def served(region: str) -> x509.Certificate:
    """The certificate that a new connection gets."""
    return tls_clients.served(PORTS[region], HOST)


def issued_by_pebble(certificate: x509.Certificate) -> bool:
    return "Pebble" in certificate.issuer.rfc4514_string()


def trusting(authority: Authority, folder: Path, also: str = "") -> Clients:
    """Clients of both regions who trust pebble, and `also` another authority."""
    return Clients(HOST, PORTS, f"{authority.root}\n{also}", folder)


def renewed(before: x509.Certificate, seconds: float) -> None:
    wait_until(
        lambda: all(served(region).serial_number != before.serial_number for region in PORTS), seconds, "both renew"
    )


def firing(name: str) -> bool:
    query = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    answer = HTTP.request("GET", f"http://127.0.0.1:{CONSOLE}/metrics/api/v1/query", fields={"query": query})
    return bool(answer.json()["data"]["result"])


def test_a_running_stack_gets_a_certificate_that_others_trust(
    stack: LiveStack, authority: Authority, tmp_path: Path
) -> None:
    assert not any(issued_by_pebble(served(region)) for region in PORTS)
    with trusting(authority, tmp_path, stack.authority.read_text()) as clients:
        assert lifecycle.up(stack.workspace) == 0
        wait_until(lambda: all(issued_by_pebble(served(region)) for region in PORTS), 120, "both have the first one")
    assert clients.noticed("the first order", 100) == []
    east, west = served("east"), served("west")
    # One order for all regions, and for all names.
    assert east.serial_number == west.serial_number
    names = east.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {HOST, OTHER}


def test_an_update_of_the_routes_keeps_the_certificate(stack: LiveStack, authority: Authority, tmp_path: Path) -> None:
    assert stack.preview_changes() == ""
    stack.change_settings("greeter", routes=[{"path": "/hello"}, {"path": "/hello-again"}])
    with trusting(authority, tmp_path) as clients:
        assert lifecycle.up(stack.workspace) == 0
    assert clients.noticed("an update of the routes", 100) == []


def test_a_renewal_is_noticed_by_no_client_and_the_old_certificate_is_gone(
    authority: Authority, tmp_path: Path
) -> None:
    before = served("east")
    with trusting(authority, tmp_path) as clients:
        # 5,000 requests and a renewal, whichever takes longer.
        begun = time.monotonic()
        renewed(before, CERTIFICATE_SECONDS)
        assert before.not_valid_after_utc > served("east").not_valid_before_utc
        # The workers before take a connection for a moment longer.
        time.sleep(2)
        for _ in range(200):
            assert before.serial_number not in {served(region).serial_number for region in PORTS}
        time.sleep(max(0.0, 5_000 / (RATE * len(PORTS)) + 10 - (time.monotonic() - begun)))
    assert clients.noticed("a renewal", 5_000) == []


def test_while_the_authority_is_away_an_alert_is_told_and_clients_notice_nothing(
    stack: LiveStack, authority: Authority, tmp_path: Path
) -> None:
    before = served("east")
    authority.network.disconnect(authority.pebble, force=True)
    try:
        with trusting(authority, tmp_path) as clients:
            wait_until(lambda: firing("CertificateRenewalFails"), CERTIFICATE_SECONDS, "the alert fires")
            assert {served(region).serial_number for region in PORTS} == {before.serial_number}
            # Whoever keeps the account and the key is killed meanwhile, and knows them still.
            (client,) = stack.containers("certificates")
            stack.kill_process(int(client.attrs["State"]["Pid"]))
            authority.network.connect(authority.pebble, aliases=["pebble"])
            renewed(before, 170)
            wait_until(lambda: not firing("CertificateRenewalFails"), 90, "the alert is resolved")
        assert clients.noticed("the authority away, the client killed", 1_000) == []
    finally:
        authority.network.reload()
        if authority.pebble.id not in authority.network.attrs["Containers"]:
            authority.network.connect(authority.pebble, aliases=["pebble"])
    assert issued_by_pebble(served("west"))
