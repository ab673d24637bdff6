"""A certificate by ACME on the real engine: ordered, renewed and handed to both regions while clients come, with the
authority refusing for longer than a certificate lasts until its renewal, and with the client killed in an order.

The authority is pebble, the test server of Let's Encrypt, in the stack's network, with a DNS server that knows the
names. An authority that is away, and a first order that is killed, are in `components/certificate_client/client`. Does
not prove that a public authority reaches port 80 of a machine: docs/public-address.md says how to try that.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from docker.models.containers import Container

from components.certificates.x509 import new_authority, new_certificate
from components.ingress import HTTP_PORT
from infra.settings.stack_file import read_stack_file, written
from tests.integration import tls_clients
from tests.integration.beside import address, beside, image_of
from tests.integration.brought_up import PROJECT, brought_up, two_regions
from tests.integration.support import LiveStack, wait_until
from tests.integration.tls_clients import RATE, Clients
from tools.gostack.lifecycle import lifecycle
from tools.offline.toolchain.go_build import build_binary

HOST, OTHER = "shop.acme.test", "www.shop.acme.test"
PORTS = {"east": 36443, "west": 37443}
CONSOLE = 36900
CERTIFICATE_SECONDS = 800
"""A new one is there before this one ends, though the authority has refused for `RENEWAL_SECONDS`."""

RENEWAL_SECONDS = 0.7 * CERTIFICATE_SECONDS
"""After so long it is renewed; before, when pebble advises so, which it does for any time of its life."""

HTTP = urllib3.PoolManager(retries=False, timeout=20, cert_reqs="CERT_NONE", assert_hostname=False)
PEBBLE = "github.com/letsencrypt/pebble/v2/cmd/"


@dataclass(frozen=True)
class Authority:
    """Pebble and its DNS server."""

    pebble: Container
    names: str
    """Where the DNS server is told what to answer."""
    ingresses: list[str]
    """Addresses of the regions' ingresses."""
    root: str
    """What signs its certificates, PEM."""

    def know(self, *, names: bool) -> None:
        """Whether the names lead to the stack; while they do not, every order is refused."""
        for host in (HOST, OTHER):
            body = json.dumps({"host": f"{host}.", "addresses": self.ingresses})
            url = f"{self.names}/{'add' if names else 'clear'}-a"
            asked(lambda url=url, body=body: HTTP.request("POST", url, body=body))

    @property
    def validates(self) -> bool:
        """Whether it looks for the answers of an order, or did so since it has issued the last certificate."""
        log: bytes = self.pebble.logs()
        return b"before validating" in log.rpartition(b"Issued certificate")[2]

    @property
    def refusals(self) -> int:
        """How often an order was refused, once for each name."""
        log: bytes = self.pebble.logs()
        return log.count(b"set INVALID by invalid authz")


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
    shown = new_certificate(own, ["pebble"], 30)
    (folder / "ca.pem").write_text(own.certificate)
    (folder / "certificate.pem").write_text(shown.certificate)
    (folder / "key.pem").write_text(shown.private_key)
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
        shutil.copy(build_binary(source, PEBBLE + program, program, lane="tests"), folder / program)
    with ExitStack() as running:
        image = running.enter_context(image_of(stack, folder))
        unused = ("-http01=", "-https01=", "-doh=", "-tlsalpn01=", "-defaultIPv6=")
        dns = running.enter_context(beside(stack, image, "names", "/pebble-challtestsrv", *unused))
        where = address(stack, dns)
        command = ("/pebble", "-config", "/settings.json", "-dnsserver", f"{where}:8053")
        # Each order is looked into, whatever an earlier one has shown.
        pebble = running.enter_context(beside(stack, image, "pebble", *command, PEBBLE_AUTHZREUSE="0"))
        root = asked(lambda: HTTP.request("GET", f"https://{address(stack, pebble)}:15000/roots/0")).data.decode()
        ingresses = sorted(address(stack, sandbox) for sandbox in stack.containers("sandbox", service="ingress"))
        made = Authority(pebble, f"http://{where}:8055", ingresses, root)
        made.know(names=True)

        document = read_stack_file(stack.workspace.stack_file)
        document["config"]["gostack:certificates"] = {
            "acme": {"directory": "https://pebble:14000/dir", "directory_ca": str(folder / "ca.pem")}
        }
        stack.workspace.stack_file.write_text(written(document), encoding="utf-8")
        stack.workspace.prepare()
        yield made


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


def served(region: str) -> x509.Certificate:
    """The certificate that a new connection gets."""
    return tls_clients.served(PORTS[region], HOST)


def age_seconds(certificate: x509.Certificate) -> float:
    return (datetime.now(UTC) - certificate.not_valid_before_utc).total_seconds()


def issued_by_pebble(certificate: x509.Certificate) -> bool:
    return "Pebble" in certificate.issuer.rfc4514_string()


def trusting(authority: Authority, folder: Path, also: str = "") -> Clients:
    """Clients of both regions who trust pebble, and `also` another authority."""
    return Clients(HOST, PORTS, f"{authority.root}\n{also}", folder)


def serials() -> set[int]:
    """Which certificates new connections get."""
    return {served(region).serial_number for region in PORTS}


def renewed(before: x509.Certificate, seconds: float) -> None:
    wait_until(lambda: before.serial_number not in serials(), seconds, "both renew")


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


def test_while_the_authority_refuses_an_alert_is_told_and_clients_notice_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    wait_until(lambda: age_seconds(served("east")) < 100, CERTIFICATE_SECONDS, "a certificate is new")
    refusals = authority.refusals
    with trusting(authority, tmp_path) as clients:
        authority.know(names=False)
        until = time.monotonic() + RENEWAL_SECONDS
        try:
            # What was ordered before has come to the ingresses.
            time.sleep(20)
            before = served("east")
            wait_until(lambda: firing("CertificateRenewalFails"), CERTIFICATE_SECONDS, "the alert fires")
            time.sleep(max(0.0, until - time.monotonic()))
            assert authority.refusals > refusals
            assert serials() == {before.serial_number}
        finally:
            authority.know(names=True)
        renewed(before, 120)
        wait_until(lambda: not firing("CertificateRenewalFails"), 90, "the alert is resolved")
    assert clients.noticed("the authority refusing", 5_000) == []


def test_a_renewal_with_the_client_killed_in_its_order_is_noticed_by_no_client_and_the_old_certificate_is_gone(
    stack: LiveStack, authority: Authority, tmp_path: Path
) -> None:
    begun = time.monotonic()
    with trusting(authority, tmp_path) as clients:
        (client,) = stack.containers("certificates")
        wait_until(lambda: authority.validates, CERTIFICATE_SECONDS, "an order goes on")
        stack.kill_process(int(client.attrs["State"]["Pid"]))
        before = served("east")
        # The ingresses ask every ten seconds: the order was not finished, and they keep what they have.
        time.sleep(12)
        assert authority.validates
        assert serials() == {before.serial_number}
        renewed(before, 120)
        assert before.not_valid_after_utc > served("east").not_valid_before_utc
        # The workers before take a connection for a moment longer.
        time.sleep(2)
        for _ in range(200):
            assert before.serial_number not in serials()
        time.sleep(max(0.0, 5_000 / (RATE * len(PORTS)) + 10 - (time.monotonic() - begun)))
    assert clients.noticed("a renewal, the client killed in its order", 5_000) == []


def test_an_update_of_the_routes_keeps_the_certificate(stack: LiveStack, authority: Authority, tmp_path: Path) -> None:
    assert stack.preview_changes() == ""
    stack.change_settings("greeter", routes=[{"path": "/hello"}, {"path": "/hello-again"}])
    with trusting(authority, tmp_path) as clients:
        assert lifecycle.up(stack.workspace) == 0
    assert clients.noticed("an update of the routes", 100) == []
    assert all(issued_by_pebble(served(region)) for region in PORTS)
