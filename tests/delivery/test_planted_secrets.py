"""Fifty secrets in awkward encodings, written where nobody has marked them: none is in any report.

Does not prove that every encoding is undone, nor that a secret of fewer than six characters is hidden. That an exported
state and the logs of real commands hold none is tests/rehearsal/test_secrets_of_a_report.py.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from tests.delivery.planted import PEM, PLANTED, Planted
from tools.gostack.gate.decision import decide
from tools.gostack.gate.environments import Environment
from tools.gostack.report import recording as recordings
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import stack_changes
from tools.gostack.report.events import Event, Step, StepState
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.recording import Recording, redacted
from tools.gostack.report.redaction import MASK, KnownSecrets, Redactor
from tools.gostack.report.render import FORMATS

KNOWN = KnownSecrets.of(more=[planted.secret for planted in PLANTED])
URN = "urn:pulumi:prod::gostack::kubernetes:core/v1:ConfigMap::planted"


def pieces(secret: str) -> set[str]:
    """What must not be readable: each line, and each run of eight characters, of a secret."""
    lines = [line for line in secret.splitlines() if line and "-----" not in line]
    return {line[at : at + 8] for line in lines for at in range(len(line) - 7)}


def events(written: dict[str, object]) -> list[Event]:
    state: StepState = {
        "type": "kubernetes:core/v1:ConfigMap",
        "urn": URN,
        "custom": True,
        "parent": "",
        "provider": "",
    }
    metadata: Step = {
        "op": "update",
        "urn": URN,
        "type": "kubernetes:core/v1:ConfigMap",
        "old": {**state, "inputs": {"data": dict.fromkeys(written, "before")}, "outputs": {}},
        "new": {**state, "inputs": {"data": written}, "outputs": {}},
        "detailedDiff": {f'data["{key}"]': {"diffKind": "update"} for key in written},
    }
    said = " ".join(str(value) for value in written.values())
    return [
        {"sequence": 0, "preludeEvent": {"config": {"gostack:note": said}}},
        {"sequence": 1, "resourcePreEvent": {"metadata": metadata}},
        {"sequence": 2, "diagnosticEvent": {"severity": "warning", "message": said}},
        {"sequence": 3, "diagnosticEvent": {"severity": "error", "message": said}},
    ]


def recorded(written: dict[str, object]) -> Recording:
    return redacted(Recording(stack_changes("prod", events(written)), (str(written),)), Redactor(KNOWN))


def rendered(recording: Recording) -> dict[str, str]:
    assessment = Assessment(recording.changes, recording.settings)
    decision = decide(assessment, Environment(), [], datetime.date(2026, 11, 21))
    report = Report((StackReport(assessment, decision),))
    return {name: render(report) for name, render in FORMATS.items()}


def test_there_are_fifty_and_no_two_are_written_alike() -> None:
    assert len(PLANTED) == 50
    assert len({planted.secret for planted in PLANTED}) == 50
    assert len({str(planted.written) for planted in PLANTED}) == 50


@pytest.mark.parametrize("planted", PLANTED, ids=range(len(PLANTED)))
def test_no_report_shows_a_planted_secret(planted: Planted) -> None:
    recording = recorded({"planted": planted.written})
    written = json.dumps(planted.written)
    for name, text in rendered(recording).items():
        assert [piece for piece in pieces(planted.secret) if piece in text] == [], name
        # Nor what it was written as, which anybody can undo.
        assert json.loads(written) not in (text, None), name
        for line in str(planted.written).splitlines():
            assert len(line) < 12 or line not in text, (name, line)
        assert MASK in text.replace("\\", ""), name


def test_all_fifty_together_leave_no_trace_in_the_recording_either(tmp_path: Path) -> None:
    recording = recorded({f"planted-{number}": planted.written for number, planted in enumerate(PLANTED)})
    file = tmp_path / "prod.json"
    recordings.save(recording, file)
    text = file.read_text(encoding="utf-8") + "".join(rendered(recording).values())
    found = {planted.secret for planted in PLANTED for piece in pieces(planted.secret) if piece in text}
    assert found == set()
    assert Redactor(KNOWN).report(text) == text


def test_what_is_no_secret_stays_readable() -> None:
    text = (
        "users: 2 → 3 replicas in east; `ports[0].ip` changes from `127.0.0.1` to `0.0.0.0` (sha256:8b321bdb4a2b0123)"
    )
    assert Redactor(KNOWN).report(text) == text


def test_a_private_key_that_nobody_told_of_is_hidden_by_its_looks() -> None:
    nobody = Redactor(KnownSecrets(frozenset()))
    assert nobody.text(f"key: {PEM}") == f"key: {MASK}\n"
    assert "MIGHAgEA" not in nobody.text(json.dumps({"key": PEM}))


def test_values_that_only_stand_beside_a_secret_stay_readable() -> None:
    shown = {
        "envs": {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "plaintext": json.dumps(["PORT=8080", "REGION=east", "MYSQL_PASSWORD=Xk9vR2qLm8zT4wPn6"]),
        }
    }
    redactor = Redactor(KnownSecrets.of(shown))
    assert redactor.text("8080 east Xk9vR2qLm8zT4wPn6") == f"8080 east {MASK}"


def test_a_secret_that_the_state_shows_elsewhere_is_hidden_all_the_same() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "x", "plaintext": json.dumps("hunter22")}
    assert Redactor(KnownSecrets.of({"a": secret, "description": "hunter22"})).text("hunter22") == MASK
