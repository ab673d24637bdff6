"""`gostack alerts`: what fires, and an exit code for scripts. The console is a server on this machine that answers what
vmalert does.

Does not prove that the console lets the path through: an integration test does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.console import FakeConsole, running_console
from tools.gostack.alerts.command import alerts
from tools.gostack.environment.errors import UserError
from tools.gostack.telemetry.console import console_of

WATCHDOG = {
    "name": "Watchdog",
    "state": "firing",
    "labels": {"alertname": "Watchdog", "severity": "none"},
    "annotations": {"summary": "alerts are evaluated"},
    "activeAt": "2026-11-29T10:00:00Z",
}
SLOW = {
    "name": "SlowRequests",
    "state": "firing",
    "labels": {"alertname": "SlowRequests", "severity": "warning", "service": "users", "region": "east"},
    "annotations": {"summary": "2% of the requests to users in east take longer than 800 ms"},
    "activeAt": "2026-11-29T10:05:15.123Z",
}
CERTIFICATE = {
    "name": "CertificateExpires",
    "state": "firing",
    "labels": {"alertname": "CertificateExpires", "severity": "critical", "region": "west", "host": "shop.test"},
    "annotations": {"summary": "the certificate of shop.test in west expires in 3.0 days"},
    "activeAt": "2026-11-29T09:00:00Z",
}
PENDING = {**SLOW, "name": "ErrorShare", "state": "pending"}


@pytest.fixture
def console() -> Iterator[FakeConsole]:
    with running_console() as server:
        yield server


def shown(console: FakeConsole, *found: dict[str, Any], as_json: bool = False) -> int:
    console.text = json.dumps({"status": "success", "data": {"alerts": list(found)}})
    return alerts(stack(console.url), as_json=as_json)


def stack(url: str) -> Any:
    outputs = {"regions": {"east": "https://localhost"}, "dashboards": {"console": url}}
    settings = SimpleNamespace(telemetry=SimpleNamespace(receivers={}))
    return SimpleNamespace(stack="dev", outputs=lambda: outputs, settings=settings)


def test_nothing_but_the_watchdog_is_well(console: FakeConsole, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(console, WATCHDOG, PENDING) == 0
    assert capsys.readouterr().out == "nothing fires.\n"
    assert console.asked == ["/alerts/api/v1/alerts"]


def test_what_fires_is_a_table_with_the_critical_first(
    console: FakeConsole, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(console, SLOW, WATCHDOG, CERTIFICATE) == 1
    heading, first, second, *_ = capsys.readouterr().out.splitlines()
    assert heading.split() == ["alert", "severity", "service", "region", "since", "summary"]
    assert first.split()[:5] == ["CertificateExpires", "critical", "west", "2026-11-29", "09:00:00"]
    assert second.split()[:6] == ["SlowRequests", "warning", "users", "east", "2026-11-29", "10:05:15"]
    assert second.endswith("2% of the requests to users in east take longer than 800 ms")
    assert first.index("the certificate") == second.index("2%") == heading.index("summary")


def test_another_program_gets_json(console: FakeConsole, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(console, SLOW, WATCHDOG, as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "SlowRequests",
            "severity": "warning",
            "service": "users",
            "region": "east",
            "since": "2026-11-29 10:05:15",
            "summary": "2% of the requests to users in east take longer than 800 ms",
            "silenced_until": "",
        }
    ]


def test_silence_because_no_rule_is_evaluated_is_not_well(console: FakeConsole) -> None:
    with pytest.raises(UserError, match="Watchdog, which always fires, does not"):
        shown(console)


@pytest.mark.parametrize(("status", "text", "told"), [(502, "", "answers 502"), (200, "<html>", "does not answer")])
def test_a_console_that_cannot_tell_is_no_silence(status: int, text: str, told: str, console: FakeConsole) -> None:
    console.status, console.text = status, text
    with pytest.raises(UserError, match=told):
        alerts(stack(console.url))


def test_a_console_that_is_away_is_no_silence(console: FakeConsole) -> None:
    url = console.url
    console.server_close()
    with pytest.raises(UserError, match="does not answer"):
        alerts(stack(url))


def test_a_stack_that_cannot_have_alerts_says_why() -> None:
    with pytest.raises(UserError, match="is not up"):
        console_of({}, "dev")
    with pytest.raises(UserError, match=r"gostack:telemetry\.enabled"):
        console_of({"regions": {"east": ""}, "dashboards": {"consul-east": "http://127.0.0.1:8500"}}, "dev")
