"""`gostack alerts`: what fires, and an exit code for scripts. The console is a server on this machine that answers what
vmalert does.

Does not prove that the console lets the path through: an integration test does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tools.gostack.alerts.command import alerts, console_url
from tools.gostack.environment.errors import UserError

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

Answer = Callable[..., Any]


class Console(HTTPServer):
    status = 200
    text = ""
    asked = ""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        console = cast("Console", self.server)
        console.asked = self.path
        self.send_response(console.status)
        self.end_headers()
        self.wfile.write(console.text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def console() -> Iterator[Console]:
    with Console(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def shown(console: Console, *found: dict[str, Any], as_json: bool = False) -> int:
    console.text = json.dumps({"status": "success", "data": {"alerts": list(found)}})
    return alerts(stack(f"http://127.0.0.1:{console.server_port}"), as_json=as_json)


def stack(url: str) -> Any:
    outputs = {"regions": {"east": "https://localhost"}, "dashboards": {"console": url}}
    return SimpleNamespace(stack="dev", outputs=lambda: outputs)


def test_nothing_but_the_watchdog_is_well(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(console, WATCHDOG, PENDING) == 0
    assert capsys.readouterr().out == "nothing fires.\n"
    assert console.asked == "/alerts/api/v1/alerts"


def test_what_fires_is_a_table_with_the_critical_first(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(console, SLOW, WATCHDOG, CERTIFICATE) == 1
    heading, first, second, *_ = capsys.readouterr().out.splitlines()
    assert heading.split() == ["alert", "severity", "service", "region", "since", "summary"]
    assert first.split()[:5] == ["CertificateExpires", "critical", "west", "2026-11-29", "09:00:00"]
    assert second.split()[:6] == ["SlowRequests", "warning", "users", "east", "2026-11-29", "10:05:15"]
    assert second.endswith("2% of the requests to users in east take longer than 800 ms")
    assert first.index("the certificate") == second.index("2%") == heading.index("summary")


def test_another_program_gets_json(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(console, SLOW, WATCHDOG, as_json=True) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "SlowRequests",
            "severity": "warning",
            "service": "users",
            "region": "east",
            "since": "2026-11-29 10:05:15",
            "summary": "2% of the requests to users in east take longer than 800 ms",
        }
    ]


def test_silence_because_no_rule_is_evaluated_is_not_well(console: Console) -> None:
    with pytest.raises(UserError, match="Watchdog, which always fires, does not"):
        shown(console)


@pytest.mark.parametrize(("status", "text", "told"), [(502, "", "answers 502"), (200, "<html>", "does not answer")])
def test_a_console_that_cannot_tell_is_no_silence(status: int, text: str, told: str, console: Console) -> None:
    console.status, console.text = status, text
    with pytest.raises(UserError, match=told):
        alerts(stack(f"http://127.0.0.1:{console.server_port}"))


def test_a_console_that_is_away_is_no_silence(console: Console) -> None:
    url = f"http://127.0.0.1:{console.server_port}"
    console.server_close()
    with pytest.raises(UserError, match="does not answer"):
        alerts(stack(url))


def test_a_stack_that_cannot_have_alerts_says_why() -> None:
    with pytest.raises(UserError, match="is not up"):
        console_url({}, "dev")
    with pytest.raises(UserError, match=r"gostack:telemetry\.enabled"):
        console_url({"regions": {"east": ""}, "dashboards": {"consul-east": "http://127.0.0.1:8500"}}, "dev")
