"""`gostack status`: what is missing is named, and how it is shown.

Consul, MySQL and the cluster are stand-ins; a certificate is shown by a real TLS server on this machine.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rich.console import Console

from components.certificates.x509 import new_authority
from infra.settings import load_stack_file
from tests.support.console import FakeConsole, running_console
from tests.support.engine import PROJECT
from tools.gostack.cli.guard import INTERRUPTED, guarded
from tools.gostack.lifecycle.instances import Instance, Place, Standing
from tools.gostack.running.replica import RunningReplica
from tools.gostack.status import command, docker
from tools.gostack.status import kubernetes as cluster
from tools.gostack.status.certificates import authority_days, days_left, entry
from tools.gostack.status.layout import as_renderable, as_text
from tools.gostack.status.model import (
    DatabaseMember,
    IngressEntry,
    ReplicaCount,
    Status,
    Traffic,
    judged,
    missing,
    one_sentence,
)
from tools.gostack.status.traffic import firing_alerts, with_traffic

WELL = Status(
    "dev",
    [
        ReplicaCount("users", "stable", "east", "users:1", 2, 2, Traffic(12.34, 0.5, 81.6)),
        ReplicaCount("cart", "stable", "east", "cart:1", 1, 1, Traffic(0.0, None, None)),
        ReplicaCount("consul", "", "east", "consul:1", 3, 3),
    ],
    [DatabaseMember("east", "primary", "online")],
    [IngressEntry("east", "127.0.0.1:8443", reachable=True, certificate_days=80)],
    3600,
    [],
    0,
)
ILL = replace(WELL, services=[replace(WELL.services[0], passing=1)], problems=["users in east: 1 of 2 pass."], alerts=2)


@pytest.mark.parametrize(("found", "code"), [(WELL, 0), (ILL, 1)])
def test_the_exit_code_says_whether_all_is_well(
    found: Status, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "looker", lambda _: lambda: found)
    assert command.status(cast("Any", None), as_json=True) == code
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"well", "stack", "services", "databases", "ingresses", "ca_days", "problems", "alerts"}
    assert document["services"][0] == {
        "service": "users",
        "track": "stable",
        "region": "east",
        "image": "users:1",
        "passing": 2 if found is WELL else 1,
        "wanted": 2,
        "traffic": {"requests_per_second": 12.34, "error_percent": 0.5, "p99_milliseconds": 81.6},
    }
    assert document["alerts"] == found.alerts
    assert document["well"] is (code == 0)


def test_watching_goes_on_until_it_is_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = iter([WELL, ILL])

    def look() -> Status:
        try:
            return next(looks)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(command, "looker", lambda _: look)
    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    assert guarded(lambda: command.status(cast("Any", None), as_json=True, watch=True)) == INTERRUPTED
    assert [json.loads(line)["well"] for line in capsys.readouterr().out.splitlines()] == [True, False]


def test_text_is_aligned_and_ends_with_the_verdict() -> None:
    assert as_text(WELL).splitlines() == [
        "service  track   region  passing  requests/s  errors  P99    image",
        "users    stable  east    2/2      12.3        0.50 %  82 ms  users:1",
        "cart     stable  east    1/1      0.0         -       -      cart:1",
        "consul           east    3/3      -           -       -      consul:1",
        "",
        "mysql  role     state",
        "east   primary  online",
        "",
        "ingress  address         state      certificate",
        "east     127.0.0.1:8443  reachable  80 d left",
        "",
        "dev is as its settings say; no alerts fire; its authority expires in 3600 d.",
    ]
    assert as_text(ILL).splitlines()[-2:] == [
        "dev is not as its settings say; 2 alerts fire; its authority expires in 3600 d:",
        "  users in east: 1 of 2 pass.",
    ]
    assert "; 1 alert fires; " in as_text(replace(WELL, alerts=1))
    assert "; whether an alert fires is not known; " in as_text(replace(WELL, alerts=None))


def test_a_terminal_shows_what_lacks_in_red() -> None:
    console = Console(force_terminal=True, color_system="standard", width=100, record=True)
    with console.capture() as captured:
        console.print(as_renderable(ILL))
    assert "\x1b[1;31m1/2" in captured.get()


ROWS = [replace(row, traffic=None) for row in WELL.services]
EAST = {"service": "users", "track": "stable", "region": "east"}
WATCHDOG = {"name": "Watchdog", "state": "firing"}


@pytest.fixture
def console() -> Iterator[FakeConsole]:
    with running_console() as server:
        yield server


def test_what_clients_get_stands_in_the_row_of_its_track_and_region(console: FakeConsole) -> None:
    console.results = {
        "histogram_quantile": [(EAST, 0.25)],
        'status="5xx"': [(EAST, 3)],
        "ingress_requests_total": [(EAST, 600), ({**EAST, "region": "west"}, 60), ({**EAST, "service": "cart"}, 0)],
    }
    users, cart, consul = with_traffic(ROWS, console.console())
    assert users.traffic == Traffic(10, 0.5, 250)
    assert cart.traffic == Traffic(0, None, None)
    assert consul.traffic is None


def test_alerts_are_counted_when_rules_are_evaluated(console: FakeConsole) -> None:
    console.text = json.dumps({"data": {"alerts": [WATCHDOG, {"name": "ErrorShare", "state": "firing"}]}})
    assert firing_alerts(console.console()) == 1
    console.text = json.dumps({"data": {"alerts": []}})
    assert firing_alerts(console.console()) is None


def test_without_telemetry_nothing_is_said_of_traffic() -> None:
    assert with_traffic(ROWS, None) == ROWS
    assert firing_alerts(None) is None


def test_a_store_that_does_not_answer_holds_no_status_up(console: FakeConsole) -> None:
    console.holds.clear()
    began = time.monotonic()
    assert with_traffic(ROWS, console.console(seconds=0.2)) == ROWS
    assert firing_alerts(console.console(seconds=0.2)) is None
    # Of those that were asked for, the first is the last.
    assert len(console.asked) == 2
    assert time.monotonic() - began < 5


def test_a_place_without_enough_replicas_is_one_sentence() -> None:
    counts = [ReplicaCount("ingress", "", "east", "", 0, 1), ReplicaCount("users", "canary", "west", "", 1, 2)]
    assert missing([*counts, *WELL.services]) == [
        "ingress in east: 0 of 1 replicas pass their check.",
        "users (canary) in west: 1 of 2 replicas pass their check.",
    ]
    lines = ["users: 1 of 2.", "  users-east-0: it has ended.", "    its last words:", "    bye"]
    assert one_sentence(lines) == "users: 1 of 2: users-east-0: it has ended."


def test_members_that_do_not_serve_and_a_missing_primary_are_told() -> None:
    _, problems = judged([DatabaseMember("east", "?", "down"), DatabaseMember("west", "secondary", "online")])
    assert problems == [
        "the MySQL member of east is down.",
        "MySQL has no primary at this moment: writes wait or fail.",
    ]
    assert judged(WELL.databases)[1] == []


def test_replicas_of_docker_are_counted_as_consul_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_stack_file(PROJECT / "Pulumi.dev.yaml", PROJECT)
    place = Place("users", "stable", "east")
    instances = [Instance(place, "users-east-0-1", "", True, ""), Instance(place, "users-east-1-2", "", False, "503")]
    standing = Standing(place, 2, tuple(instances))
    silent = "Consul of west gives no answer at http://127.0.0.1:9500 (NewConnectionError)."
    monkeypatch.setattr(docker, "look", lambda *_: ([standing], instances, [silent]))
    running = [
        RunningReplica("users", "stable", "east", "users-east-0", "1", image="users:1"),
        RunningReplica("users", "stable", "east", "users-east-1", "2", image="users:2"),
        *(RunningReplica("consul", "", region, f"{number}", "3") for region in ("east", "west") for number in range(3)),
        RunningReplica("ingress", "", "east", "ingress-east", "4"),
        RunningReplica("ingress", "", "west", "ingress-west", "5", healthy=False),
        RunningReplica("mysql-proxy", "", "east", "mysql-proxy-east", "6"),
    ]
    objects = cast("Any", SimpleNamespace(containers=list))
    counts, problems = docker.counted(settings, objects, running, {})
    assert [(one.service, one.region, one.passing, one.wanted, one.image) for one in counts[:2]] == [
        ("users", "east", 1, 2, "users:1, users:2"),
        ("users", "west", 0, 2, ""),
    ]
    assert problems == [
        silent,
        "users (stable) in east: 1 of 2 replicas pass their check: users-east-1: its pod is gone.",
        "ingress in west: 0 of 1 replicas pass their check.",
        "mysql-proxy in west: 0 of 1 replicas pass their check.",
    ]


def test_replicas_of_kubernetes_are_those_that_are_available(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_stack_file(PROJECT / "Pulumi.staging.yaml", PROJECT)

    def available(_api: object, _stack: str, part: Any) -> int:
        return 0 if part.labels.get("gostack.service") == "users" and part.region == "east" else part.replicas

    monkeypatch.setattr(cluster, "available", available)
    monkeypatch.setattr(cluster, "reasons", lambda _api, _stack, part: [part.title, "  users-1: waits"])
    counts, problems = cluster.counted(settings, cast("Any", None), "staging", [])
    assert {one.region for one in counts if one.passing < one.wanted} == {"east"}
    assert {one.service for one in counts} == {"users", "ingress", "consul"}
    assert "users in the region east: users-1: waits." in problems
    ready = RunningReplica("mysql", "", "east", "mysql", "ns/mysql", "mysql", member="primary")
    members, told = cluster.members(settings, "staging", [ready])
    assert members[0] == DatabaseMember("east", "primary", "online")
    assert all("is down" in text for text in told)


def certificate(days: int) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=30), now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), secret


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server with a certificate for ten days more: its address, and its certificate in PEM."""
    public, secret = certificate(10)
    (tmp_path / "pair.pem").write_bytes(public + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", public.decode()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_the_certificate_is_read_from_the_handshake(server: tuple[str, str]) -> None:
    address, public = server
    found, problem = entry("east", address, "localhost", public)
    assert (found.reachable, found.certificate_days, problem) == (True, 9, "")
    assert authority_days(public) == 9
    assert authority_days("") is None


def test_a_certificate_that_clients_refuse_is_told_and_its_days_are_shown(server: tuple[str, str]) -> None:
    found, problem = entry("east", server[0], "localhost", certificate(10)[0].decode())
    assert (found.reachable, found.certificate_days) == (False, 9)
    assert problem.startswith("the ingress of east shows a certificate that clients refuse (")


def test_a_certificate_by_acme_is_a_public_one_or_the_stacks_own(
    server: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, public = server
    (tmp_path / "system.pem").write_text(public)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    other = new_authority("another", 365).certificate
    assert entry("east", address, "localhost", other)[1] != ""
    assert entry("east", address, "localhost", other, public=True)[1] == ""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert entry("east", address, "localhost", public, public=True)[1] == ""


def test_an_entry_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    found, problem = entry("east", address, "localhost", certificate(10)[0].decode())
    assert (found.reachable, found.certificate_days) == (False, None)
    assert problem == f"the ingress of east gives no answer at {address} (Connection refused)."


def test_an_expired_certificate_has_less_than_no_days() -> None:
    made = x509.load_pem_x509_certificate(certificate(-2)[0])
    assert days_left(made) < 0
