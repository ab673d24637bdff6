"""`gostack alerts silence` and what follows from it, with a container that answers what Alertmanager's client does.

Does not prove that its client takes these arguments, nor that nobody is told: tests/integration/test_16_alerts.py does.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.graph.conftest import published_settings
from tests.support.console import running_console
from tests.unit.test_alerts import CERTIFICATE, SLOW, WATCHDOG
from tools.gostack.alerts import silences
from tools.gostack.alerts.command import alerts
from tools.gostack.alerts.silences import StackObjects
from tools.gostack.cli.main import main
from tools.gostack.environment.errors import UserError

TELLING = {"enabled": True, "receivers": {"hook": {"kind": "webhook", "url": "https://hooks.example.com"}}}


def silenced(name: str, identity: str = "5c1f", **labels: str) -> dict[str, Any]:
    """A silence as the API of Alertmanager describes it."""
    matchers = [
        {"name": key, "value": value, "isRegex": False, "isEqual": True}
        for key, value in {"alertname": name, **labels}.items()
    ]
    times = {"startsAt": "2026-11-29T10:00:00.000Z", "endsAt": "2026-11-29T12:00:00.000Z"}
    return {"id": identity, "matchers": matchers, "createdBy": "mei", "comment": "a release", **times}


class Engine:
    """An engine whose one container is Alertmanager's."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self.found, self.code, self.complaint = list(found), 0, b""
        self.asked: list[list[str]] = []
        self.labels = {"gostack.role": "alertmanager"}
        self.name, self.status = "telemetry-alertmanager", "running"

    def containers(self) -> list[Any]:
        return [SimpleNamespace(labels={"gostack.role": "metrics"}, status="running"), self]

    def exec_run(self, command: list[str], *, demux: bool) -> Any:
        assert demux
        assert command[:3] == ["amtool", "--alertmanager.url=http://127.0.0.1:9093", "silence"]
        self.asked.append(command[3:])
        text = json.dumps(self.found) if command[3] == "query" else "5c1f\n"
        return SimpleNamespace(exit_code=self.code, output=(text.encode(), self.complaint))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(StackObjects, "of", lambda *_: made)
    monkeypatch.setattr("getpass.getuser", lambda: "mei")
    return made


def stack(url: str = "", receivers: tuple[str, ...] = ("team",)) -> Any:
    settings = SimpleNamespace(platform="docker", telemetry=SimpleNamespace(receivers=dict.fromkeys(receivers)))
    outputs = {"regions": {"east": "https://localhost"}, "dashboards": {"console": url}}
    return SimpleNamespace(stack="dev", outputs=lambda: outputs, settings=settings, variables={})


def test_an_alert_is_silenced_for_a_time_with_a_reason_and_a_name(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert silences.silence(stack(), "SlowRequests", "2h", "a release", region="east", service="users") == 0
    assert capsys.readouterr().out == "5c1f\n"
    assert engine.asked == [
        [
            "add",
            "--duration=2h",
            "--comment=a release",
            "--author=mei",
            'alertname="SlowRequests"',
            'region="east"',
            'service="users"',
        ]
    ]


@pytest.mark.parametrize(
    ("alert", "duration", "comment", "said"),
    [
        ("SlowRequest", "2h", "a release", 'did you mean "SlowRequests"'),
        ("Zzz", "2h", "a release", r"docs/alerts\.md"),
        ("Watchdog", "2h", "a release", "silence it there"),
        ("SlowRequests", "2 hours", "a release", "30m, 2h, 1d or 1w"),
        ("SlowRequests", "0h", "a release", "30m, 2h, 1d or 1w"),
        ("SlowRequests", "2h", " ", "--comment is empty"),
    ],
)
def test_a_silence_that_would_do_nothing_or_too_much_is_refused(
    engine: Engine, alert: str, duration: str, comment: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        silences.silence(stack(), alert, duration, comment)
    assert engine.asked == []


def test_an_alert_of_an_objective_can_be_silenced_too(engine: Engine) -> None:
    assert silences.silence(stack(), "ErrorBudgetBurns", "1d", "known") == 0
    assert len(engine.asked) == 1


def test_a_silence_ends_by_the_name_of_its_alert_or_by_its_id(engine: Engine) -> None:
    engine.found = [
        silenced("SlowRequests", "a1"),
        silenced("SlowRequests", "a2", region="east"),
        silenced("CpuHigh", "b"),
    ]
    assert silences.unsilence(stack(), "SlowRequests") == 0
    assert engine.asked[-1] == ["expire", "a1", "a2"]
    assert silences.unsilence(stack(), "b") == 0
    assert engine.asked[-1] == ["expire", "b"]
    with pytest.raises(UserError, match='nothing silences "MemoryHigh"'):
        silences.unsilence(stack(), "MemoryHigh")


def test_silences_are_listed_the_first_to_end_first(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    later = {**silenced("CpuHigh", "b", region="east"), "endsAt": "2026-11-29T13:00:00.000Z"}
    engine.found = [later, silenced("SlowRequests")]
    assert silences.silences(stack()) == 0
    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["silenced", "until", "by", "because", "id"]
    assert first.split() == ["alertname=SlowRequests", "2026-11-29", "12:00:00", "mei", "a", "release", "5c1f"]
    assert second.split()[:2] == ["alertname=CpuHigh", "region=east"]
    engine.found = []
    assert silences.silences(stack()) == 0
    assert capsys.readouterr().out == "nothing is silenced.\n"


def test_another_program_gets_json(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.found = [silenced("SlowRequests")]
    assert silences.silences(stack(), as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "5c1f",
            "matchers": [{"name": "alertname", "value": "SlowRequests", "is_regex": False, "is_equal": True}],
            "until": "2026-11-29 12:00:00",
            "author": "mei",
            "comment": "a release",
        }
    ]


def test_what_is_silenced_fires_all_the_same_and_says_until_when(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = {"name": "region", "value": "we.*", "isRegex": True, "isEqual": False}
    engine.found = [silenced("SlowRequests", region="east"), silenced("CertificateExpires", region="east")]
    engine.found[0]["matchers"].append(elsewhere)
    with running_console() as console:
        console.text = json.dumps({"data": {"alerts": [WATCHDOG, SLOW, CERTIFICATE]}})
        assert alerts(stack(console.url)) == 1
        _, certificate, slow, *_ = capsys.readouterr().out.splitlines()
        assert "(silenced until 2026-11-29 12:00:00) 2% of the requests" in slow
        assert "silenced" not in certificate
        assert alerts(stack(console.url), as_json=True) == 1
        found = {one["name"]: one["silenced_until"] for one in json.loads(capsys.readouterr().out)}
        assert found == {"SlowRequests": "2026-11-29 12:00:00", "CertificateExpires": ""}


def test_what_fires_is_told_though_nobody_knows_what_is_silenced(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.code, engine.complaint = 1, b"connection refused"
    with running_console() as console:
        console.text = json.dumps({"data": {"alerts": [WATCHDOG, SLOW]}})
        assert alerts(stack(console.url)) == 1
    said = capsys.readouterr()
    assert "SlowRequests" in said.out
    assert "connection refused" in said.err


def test_where_nobody_is_told_there_is_nothing_to_silence(engine: Engine) -> None:
    with pytest.raises(UserError, match=r"gostack:telemetry\.receivers"):
        silences.silence(stack(receivers=()), "SlowRequests", "2h", "a release")
    engine.status = "exited"
    with pytest.raises(UserError, match="does not run: run `make up`"):
        silences.silences(stack())


def test_on_kubernetes_it_is_asked_in_its_pod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = published_settings("staging", lambda document: document.update(telemetry=TELLING))
    workspace: Any = SimpleNamespace(stack="staging", settings=settings, project=tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: name)
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        asked.append(command)
        return SimpleNamespace(returncode=len(asked) - 1, stdout="5c1f\n", stderr="it is away\n")

    monkeypatch.setattr("subprocess.run", run)
    assert silences.silence(workspace, "CpuHigh", "2h", "known") == 0
    assert capsys.readouterr().out == "5c1f\n"
    command = asked[0]
    assert command[command.index("--namespace") :][:2] == ["--namespace", "gostack-staging-east"]
    entered = ["exec", "--quiet", "telemetry-0", "--container", "alertmanager", "--", "amtool"]
    assert command[command.index("exec") :][: len(entered)] == entered
    with pytest.raises(UserError, match="telemetry-0 refuses: it is away"):
        silences.silences(workspace)


def test_a_stack_that_is_named_before_the_subcommand_is_not_passed_over(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alerts", "--stack", "prod", "silence", "CpuHigh", "--for", "2h", "--comment", "known"]) == 1
    assert "--stack goes after" in capsys.readouterr().err
    assert engine.asked == []
