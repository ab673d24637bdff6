"""Alerts that are told to a webhook because something is broken on a real stack, and taken back once it is repaired:
eleven of them, by nine faults, most of which are there at the same time. The times to the webhook are printed.

Not proven here: the alerts that take longer than these (CPU, memory and disk for 5 minutes, ErrorShare for 10, an error
budget, several restarts within 15), and those of certificates, which no setting makes short enough on Docker without an
ACME authority (test_18_acme has CertificateRenewalFails): their cases in tests/telemetry_rules evaluate the rules. Nor
that Slack, e-mail and PagerDuty take what they are sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
import urllib3

from components.docker.addresses import gateway
from infra.settings.stack_file import written
from tests.integration.brought_up import brought_up, two_regions
from tests.integration.support import LiveStack, tell, wait_until
from tools.gostack.alerts import silences
from tools.gostack.alerts.command import firing
from tools.gostack.lifecycle import lifecycle
from tools.gostack.telemetry.console import console_of

CONSOLE, WEBHOOK = 38900, 38901
EAST = "10.111.1.0/24"
TOLD_SECONDS = 300
"""The longest `for` of these alerts is two minutes, over a window of two; then come scrapes, evaluation, grouping."""

ENDED_SECONDS = 300
FORGOTTEN_SECONDS = 780
"""OutOfMemory looks back for ten minutes."""
SILENT_SECONDS = 150
"""It is told every minute, which two of them may be late for on a busy machine."""


@dataclass
class Webhook:
    """What was told, and when."""

    events: list[tuple[float, str, Mapping[str, Any]]] = field(default_factory=list[Any])
    """Time, path, and an alert as Alertmanager describes it."""

    def first(self, alert: str, labels: Mapping[str, str], status: str, after: float = 0) -> float | None:
        """When it was first told that an alert with these labels fires, or is `resolved`."""
        wanted = {"alertname": alert, **labels}.items()
        return next(
            (
                at
                for at, path, found in list(self.events)
                if path == "/team" and at >= after and found["status"] == status and wanted <= found["labels"].items()
            ),
            None,
        )


@contextmanager
def listening(address: str, port: int) -> Generator[Webhook]:
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            webhook.events.extend((time.monotonic(), self.path, alert) for alert in told["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer((address, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield webhook
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def killed(stack: LiveStack, role: str, **labels: str) -> Generator[None]:
    """One container that the engine does not bring back by itself."""
    container = stack.containers(role, **labels)[0]
    container.kill()
    try:
        yield
    finally:
        container.start()


@contextmanager
def paused(stack: LiveStack, role: str, **labels: str) -> Generator[None]:
    """One container that is there and answers nothing."""
    (container,) = stack.containers(role, **labels)
    container.pause()
    try:
        yield
    finally:
        container.unpause()


@contextmanager
def asked(stack: LiveStack, path: str) -> Generator[None]:
    """Clients who ask for one path, about three times a second at most."""
    ended = threading.Event()
    url, pool = str(stack.outputs["url"]), urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)

    def ask() -> None:
        while not ended.wait(0.3):
            with suppress(urllib3.exceptions.HTTPError):
                pool.request("GET", url + path)

    client = threading.Thread(target=ask, daemon=True)
    client.start()
    try:
        yield
    finally:
        ended.set()
        client.join()


@contextmanager
def applier_stopped(stack: LiveStack, region: str) -> Generator[None]:
    """A replica that goes on to take from its primary, and applies nothing of it."""
    assert stack.sql(region, "STOP REPLICA SQL_THREAD")[0] == 0
    try:
        yield
    finally:
        assert stack.sql(region, "START REPLICA SQL_THREAD")[0] == 0


@contextmanager
def out_of_memory(stack: LiveStack, region: str) -> Generator[None]:
    """A process beside a member that takes all of its container's memory, and is the one that the kernel ends."""
    (member,) = stack.containers("mysql", region=region)
    greedy = "echo 1000 > /proc/self/oom_score_adj && exec tail /dev/zero"
    assert member.exec_run(["bash", "-c", greedy]).exit_code == 137
    yield


@dataclass(frozen=True)
class Fault:
    """Something that is broken for as long as a context lasts."""

    strike: Callable[[LiveStack], AbstractContextManager[None]]
    alerts: Mapping[str, Mapping[str, str]]
    """What must be told of it: alerts with labels by which they are those."""

    forgotten_seconds: float = ENDED_SECONDS
    """Time in seconds, from the repair on, until the end is told at the latest."""


AT_ONCE = (
    Fault(
        lambda stack: killed(stack, "application", service="pair", region="east"),
        {"ReplicaMissing": {"service": "pair", "region": "east", "track": "stable"}},
    ),
    Fault(
        lambda stack: killed(stack, "application", service="alone", region="east"),
        {"RegionWithoutReplicas": {"service": "alone", "region": "east"}},
    ),
    Fault(
        lambda stack: asked(stack, "/case/failing/p/status/500"),
        {"ErrorShareHigh": {"service": "failing", "region": "east"}},
    ),
    Fault(
        lambda stack: asked(stack, "/case/slow/p/sleep/1"),
        {"SlowRequests": {"service": "slow", "region": "east"}},
    ),
    Fault(
        lambda stack: killed(stack, "consul-server", region="west"),
        {"ConsulWithoutLeader": {"region": "west"}},
    ),
    Fault(lambda stack: applier_stopped(stack, "west"), {"MySqlReplicaStopped": {"region": "west"}}),
    Fault(
        lambda stack: paused(stack, "logs", service="telemetry"),
        {"ScrapeDown": {"instance": "logs"}, "StoreAway": {}},
    ),
    Fault(
        lambda stack: out_of_memory(stack, "west"),
        {"OutOfMemory": {"service": "mysql", "region": "west", "role": "mysql"}},
        FORGOTTEN_SECONDS,
    ),
)
# Without a primary it is no news that nobody follows it: that alert is silenced by this one.
AFTERWARDS = (
    Fault(
        lambda stack: paused(stack, "mysql", region="east"),
        {"MySqlWithoutPrimary": {}, "MySqlMemberAway": {"region": "east"}},
    ),
)
SILENCED = Fault(
    lambda stack: killed(stack, "application", service="pair", region="west"),
    {"ReplicaMissing": {"service": "pair", "region": "west"}},
)
ALERTS = sorted(alert for fault in (*AT_ONCE, *AFTERWARDS) for alert in fault.alerts)


@dataclass
class Story:
    """What was broken when, and what was told of it."""

    webhook: Webhook
    struck: dict[str, float] = field(default_factory=dict[str, float])
    repaired: dict[str, float] = field(default_factory=dict[str, float])
    silenced: list[str] = field(default_factory=list[str])
    """Alerts of `pair` in the west that `gostack alerts` said to be silenced while they fired."""
    told_while_silenced: float | None = None
    unsilenced: float = 0

    def told(self, alert: str, labels: Mapping[str, str]) -> float | None:
        return self.webhook.first(alert, labels, "firing", self.struck[alert])

    def ended(self, alert: str, labels: Mapping[str, str]) -> float | None:
        return self.webhook.first(alert, labels, "resolved", self.repaired[alert])

    def all_told(self, *faults: Fault) -> bool:
        return all(self.told(*one) is not None for fault in faults for one in fault.alerts.items())

    def all_ended(self, *faults: Fault) -> bool:
        return all(self.ended(*one) is not None for fault in faults for one in fault.alerts.items())


def eventually(condition: Callable[[], bool], seconds: float) -> None:
    """Wait, but not for ever: the tests say what did not come."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not condition():
        time.sleep(0.5)


@contextmanager
def broken(stack: LiveStack, story: Story, *faults: Fault) -> Generator[None]:
    """With these faults at once; they are repaired at the end, whatever happens."""
    with ExitStack() as repairs:
        for fault in faults:
            story.struck.update(dict.fromkeys(fault.alerts, time.monotonic()))
            repairs.enter_context(fault.strike(stack))
        yield
    for fault in faults:
        story.repaired.update(dict.fromkeys(fault.alerts, time.monotonic()))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """Two regions with a primary and a replica, and services of which each has one fault."""

    def service(path: str, replicas: int = 1) -> dict[str, Any]:
        ready = {"context": "tests/probe", "check": {"path": "/ready"}, "replicas": replicas}
        return {**ready, "routes": [{"path": f"/case/{path}/p"}]}

    named = {name: service(name) for name in ("alone", "failing", "slow")}
    document = two_regions({**named, "pair": service("pair", 2)}, ports=38, network=111)
    document["config"]["gostack:mysql"] = {"primary": "east", "topology": "replica"}
    url = f"http://{gateway(EAST)}:{WEBHOOK}"
    document["config"]["gostack:telemetry"] = {
        "port": CONSOLE,
        "receivers": {
            "team": {"kind": "webhook", "url": f"{url}/team"},
            "dead-man": {"kind": "webhook", "alerts": "watchdog", "url": f"{url}/dead-man"},
        },
    }
    file = tmp_path_factory.mktemp("alerts") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("alerts", file, tmp_path_factory)


@pytest.fixture(scope="module")
def webhook(stack: LiveStack) -> Iterator[Webhook]:
    """On the address that this machine has in the network of the east; Alertmanager tries again until it is there."""
    assert stack.workspace.settings.regions["east"].cidr == EAST
    with listening(gateway(EAST), WEBHOOK) as made:
        yield made


def fires(stack: LiveStack) -> set[str]:
    """What fires on a stack, by its name."""
    return {alert.name for alert in firing(console_of(stack.outputs, stack.workspace.stack))}


@pytest.fixture(scope="module")
def story(stack: LiveStack, webhook: Webhook) -> Story:
    wait_until(lambda: any(path == "/dead-man" for _, path, _ in list(webhook.events)), 180, "alerts arrive at all")
    wait_until(lambda: fires(stack) <= {"DiskLow"}, 180, "a stack that is well has no alert")
    found = Story(webhook)
    (pair,) = SILENCED.alerts.items()
    assert silences.silence(stack.workspace, pair[0], "1h", "a test", region="west", service="pair") == 0
    manager = silences.alertmanager_of(stack.workspace)
    assert manager is not None

    with broken(stack, found, *AT_ONCE), SILENCED.strike(stack):
        eventually(lambda: found.all_told(*AT_ONCE), TOLD_SECONDS)
        console = console_of(stack.outputs, stack.workspace.stack)
        found.silenced = [one.name for one in firing(console, manager.silences()) if one.silenced_until]
        found.told_while_silenced = webhook.first(*pair, "firing")
        found.unsilenced = time.monotonic()
        assert silences.unsilence(stack.workspace, pair[0]) == 0
        eventually(lambda: webhook.first(*pair, "firing") is not None, TOLD_SECONDS)
    quick = [fault for fault in AT_ONCE if fault.forgotten_seconds == ENDED_SECONDS]
    eventually(lambda: found.all_ended(*quick), ENDED_SECONDS)
    with broken(stack, found, *AFTERWARDS):
        eventually(lambda: found.all_told(*AFTERWARDS), TOLD_SECONDS)
    eventually(lambda: found.all_ended(*AFTERWARDS), ENDED_SECONDS)
    left = found.repaired["OutOfMemory"] + FORGOTTEN_SECONDS - time.monotonic()
    eventually(lambda: found.all_ended(*AT_ONCE), left)
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_a_fault_is_told_and_so_is_its_end(story: Story, alert: str) -> None:
    (labels,) = [fault.alerts[alert] for fault in (*AT_ONCE, *AFTERWARDS) if alert in fault.alerts]
    told, ended = story.told(alert, labels), story.ended(alert, labels)
    assert told is not None, f"{alert} was not told within {TOLD_SECONDS} s"
    assert ended is not None, f"the end of {alert} was not told"
    tell(
        f"{alert}: at the webhook {told - story.struck[alert]:.0f} s after the fault, "
        f"its end {ended - story.repaired[alert]:.0f} s after the repair"
    )
    assert told < story.repaired[alert]


def test_a_region_without_replicas_is_told_once_and_not_of_each_of_them(story: Story) -> None:
    assert story.webhook.first("ReplicaMissing", {"service": "alone"}, "firing") is None
    assert story.webhook.first("ConsulServerAway", {"region": "west"}, "firing") is None


def test_a_silenced_alert_is_listed_and_told_to_nobody_until_the_silence_ends(story: Story) -> None:
    assert "ReplicaMissing" in story.silenced
    assert story.told_while_silenced is None
    told = story.webhook.first("ReplicaMissing", SILENCED.alerts["ReplicaMissing"], "firing", story.unsilenced)
    assert told is not None, "nobody was told after the silence had ended"
    tell(f"an alert whose silence ends: at the webhook {told - story.unsilenced:.0f} s later")


def test_nothing_is_told_of_what_was_not_broken(story: Story) -> None:
    told = {alert["labels"]["alertname"] for _, path, alert in story.webhook.events if path == "/team"}
    assert told - {"DiskLow"} == set(ALERTS)


def test_the_dead_mans_switch_is_never_silent_for_long(story: Story) -> None:
    heard = sorted({at for at, path, _ in story.webhook.events if path == "/dead-man"})
    gaps = [later - earlier for earlier, later in pairwise(heard)]
    assert gaps
    tell(f"the dead man's switch: heard {len(heard)} times, {max(gaps):.0f} s apart at the most")
    assert max(gaps) < SILENT_SECONDS


def test_a_stack_that_is_repaired_is_as_its_settings_say(stack: LiveStack, story: Story) -> None:
    assert story.repaired
    assert lifecycle.up(stack.workspace) == 0
    wait_until(lambda: fires(stack) <= {"DiskLow"}, 180, "nothing fires any more")
