"""Certificates of the stack's own authority on the real engine: renewed in both regions while clients come, without an
update and with the client killed, and never taken back by one.

Does not prove what happens after the last of those that were signed in advance: the client's own tests do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from docker.models.containers import Container

from infra.settings.stack_file import written
from tests.integration import tls_clients
from tests.integration.brought_up import brought_up, two_regions
from tests.integration.support import LiveStack, wait_until
from tests.integration.tls_clients import RATE, Clients
from tools.gostack.lifecycle import lifecycle

HOST = "localhost"
PORTS = {"east": 38443, "west": 39443}
LIFETIME_DAYS = 0.005
"""Seven minutes: the next certificate's time comes every five."""

PERIOD_SECONDS = 0.7 * LIFETIME_DAYS * 86400


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    greeter = {"context": "services/greeter", "check": {"path": "/ready"}, "routes": [{"path": "/hello"}]}
    document = two_regions({"greeter": {**greeter, "replicas": 1}}, ports=38, network=99)
    document["config"]["gostack:certificates"] = {"lifetime_days": LIFETIME_DAYS, "in_advance": 20}
    file = tmp_path_factory.mktemp("authority") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("authority", file, tmp_path_factory)


def served() -> list[x509.Certificate]:
    """The certificate of each region, as a new connection gets it."""
    return [tls_clients.served(port, HOST) for port in PORTS.values()]


def trusting(stack: LiveStack, folder: Path) -> Clients:
    """Clients of both regions who know the stack's authority, and nothing that it has signed."""
    return Clients(HOST, PORTS, stack.authority.read_text(), folder)


def client(stack: LiveStack) -> Container:
    (found,) = stack.containers("certificates")
    return found


def test_a_renewal_is_noticed_by_no_client_and_the_old_certificate_is_gone(stack: LiveStack, tmp_path: Path) -> None:
    before, killed = served()[0], client(stack)
    begun = time.monotonic()
    with trusting(stack, tmp_path) as clients:
        # Whoever hands them out knows which one it is after it was killed, too.
        stack.kill_process(int(killed.attrs["State"]["Pid"]))
        wait_until(
            lambda: all(one.serial_number != before.serial_number for one in served()),
            PERIOD_SECONDS + 60,
            "both regions renew",
        )
        assert before.not_valid_after_utc > served()[0].not_valid_before_utc
        # The workers before take a connection for a moment longer.
        time.sleep(2)
        for _ in range(200):
            found = {one.serial_number for one in served()}
            assert len(found) == 1
            assert before.serial_number not in found
        time.sleep(max(0.0, 5_000 / (RATE * len(PORTS)) + 10 - (time.monotonic() - begun)))
    assert clients.noticed("a renewal by the stack's own authority, the client killed", 5_000) == []
    assert client(stack).id == killed.id


def test_an_update_takes_no_certificate_back(stack: LiveStack, tmp_path: Path) -> None:
    before = served()
    stack.change_settings("greeter", routes=[{"path": "/hello"}, {"path": "/hello-again"}])
    seen = [before]
    with trusting(stack, tmp_path) as clients:
        update = stack.start_up()
        while update.poll() is None:
            seen.append(served())
            time.sleep(0.1)
        assert update.returncode == 0
        seen.append(served())
    assert clients.noticed("an update after a renewal", 100) == []
    for region in range(len(PORTS)):
        begins = [found[region].not_valid_before_utc for found in seen]
        assert begins == sorted(begins)


def test_a_rotation_is_in_force_when_the_update_ends(stack: LiveStack, tmp_path: Path) -> None:
    before = {one.serial_number for one in served()}
    stack.change_rotation(certificates=2)
    with trusting(stack, tmp_path) as clients:
        assert lifecycle.up(stack.workspace) == 0
        assert not before & {one.serial_number for one in served()}
    assert clients.noticed("a rotation", 100) == []
