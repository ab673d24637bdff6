"""No value of any input reaches a report or a recording: secrets in every form that JSON has, written into odd places.

Does not prove that a secret which the engine writes into a message of its own is found when it is encoded twice, packed
or shorter than six characters. That an exported state and the logs of real commands hold none is
tests/integration/test_02_secrets.py.
"""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tools.gostack.gate.decision import decide
from tools.gostack.gate.environments import Environment
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import Event, Step, stack_changes
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.recording import redacted, save
from tools.gostack.report.redaction import MASK, KnownSecrets, Redactor
from tools.gostack.report.render import FORMATS
from tools.gostack.report.setting_changes import compared

PEM = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq9zJ1WfB7xT5uQ2v
Lr0hYk3nPd8Ee6sAaGiCcOoMmNhRANCAATfXvUwWyVzR1bKcQ0dJpLs4HgTiFoU
-----END PRIVATE KEY-----
"""
PLANTED: tuple[tuple[str, object], ...] = (
    ("aZ9bY8cX7dW6eV5fU4gT3h00", "aZ9bY8cX7dW6eV5fU4gT3h00"),
    ("bY8cX7dW6eV5fU4gT3hS2i01", "mysql://app:bY8cX7dW6eV5fU4gT3hS2i01@mysql-east:3306/users"),
    ("cX7dW6eV5fU4gT3hS2iR1j02", ["cX7dW6eV5fU4", "gT3hS2iR1j02"]),
    ("dW6eV5fU4gT3hS2iR1jQ0k03", {"first": "dW6eV5fU4gT3", "second": "hS2iR1jQ0k03"}),
    ("eV5fU4gT3hS2iR1jQ0kPlO04", base64.b64encode(b"user:eV5fU4gT3hS2iR1jQ0kPlO04").decode()),
    (PEM, json.dumps({"tls.key": PEM})),
)
"""Secret and what stands in the open, marked by nobody."""
NOBODY = Redactor(KnownSecrets(frozenset()))
SECRET = "Xk9vR2qLm8zT4wPn6?&é/+Bd"


def pieces(secret: str) -> set[str]:
    """What must not be readable: each line, and each run of eight characters, of a secret."""
    lines = [line for line in secret.splitlines() if line and "-----" not in line]
    return {line[at : at + 8] for line in lines for at in range(len(line) - 7)}


def odd_places(value: Any) -> dict[str, dict[str, Any]]:
    """Type of a resource to inputs that each finding, place and sentence is made of, with the value in them."""
    label = [{"label": f"gostack.{key}", "value": value} for key in ("region", "role", "service", "data")]
    statement = {"Effect": "Allow", "Action": [value, "*"], "Resource": value, "Principal": {"AWS": value}}
    pod = {"containers": [{"image": value, "env": [{"name": "A", "value": value}], "args": [value]}]}
    metadata = {"labels": {"gostack.region": value, "gostack.role": value}}
    return {
        "docker:index/container:Container": {
            "name": value,
            "image": value,
            "envs": [value, f"A={value}"],
            "command": [value],
            "ports": [{"ip": value, "external": value}],
            "labels": label,
            "capabilities": {"adds": [value]},
            "networkMode": value,
            "volumes": [{"hostPath": f"/{value}/docker.sock"}],
        },
        "docker:index/volume:Volume": {"name": value, "labels": label},
        "docker:index/network:Network": {"name": value, "ipamConfigs": [{"subnet": value}]},
        "kubernetes:core/v1:ConfigMap": {"data": {"text": value, "tls": f"ssl_protocols TLSv1 {value};"}},
        "kubernetes:apps/v1:StatefulSet": {"metadata": metadata, "spec": {"template": {"spec": pod}}},
        "kubernetes:rbac.authorization.k8s.io/v1:Role": {"rules": [{"verbs": [value], "resources": [value]}]},
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {"roleRef": {"name": value}},
        "aws:ec2/securityGroup:SecurityGroup": {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": value}]},
        "aws:lb/listener:Listener": {"sslPolicy": f"ELBSecurityPolicy-2016-{value}", "protocol": value},
        "aws:iam/policy:Policy": {"policy": json.dumps({"Statement": [statement]}), "tags": {"gostack.region": value}},
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn": f"arn:aws:iam::1:policy/{value}"},
        "aws:rds/clusterInstance:ClusterInstance": {"instanceClass": value},
        "aws:rds/cluster:Cluster": {"masterPassword": value, "engineVersion": value, "region": value},
    }


def step(op: str, kind: str, old: dict[str, Any], new: dict[str, Any]) -> Event:
    urn = f"urn:pulumi:prod::gostack::{kind}::planted-{op}"
    state: Step = {"type": kind, "urn": urn, "custom": True, "parent": "", "provider": ""}
    metadata: Step = {"op": op, "urn": urn, "type": kind}
    if op != "create":
        metadata["old"] = {**state, "inputs": old, "outputs": old}
    if op != "delete":
        metadata["new"] = {**state, "inputs": new, "outputs": new}
    replaces = "-replace" if op == "create-replacement" else ""
    metadata["detailedDiff"] = {key: {"diffKind": f"update{replaces}"} for key in new}
    return {"sequence": 0, "resourcePreEvent": {"metadata": metadata}}


def kept_and_shown(recording: Assessment, folder: Path) -> dict[str, str]:
    """The recording's file and every format of its report."""
    file = folder / "prod.json"
    save(recording, file)
    decision = decide(recording, Environment(), [], datetime.date(2026, 11, 21))
    report = Report((StackReport(recording, decision),))
    return {
        "recording": file.read_text(encoding="utf-8"),
        **{name: render(report) for name, render in FORMATS.items()},
    }


def test_no_value_of_an_input_reaches_a_report_or_a_recording_wherever_it_stands(tmp_path: Path) -> None:
    settings = json.dumps({"primary": PLANTED[0][1], "topology": PLANTED[1][1]})
    events: list[Event] = [{"sequence": 0, "preludeEvent": {"config": {"gostack:mysql": settings}}}]
    for number, (_, written) in enumerate(PLANTED):
        for kind, new in odd_places(written).items():
            old = odd_places(PLANTED[number - 1][1])[kind]
            for op in ("create", "update", "create-replacement", "delete"):
                event = step(op, kind, old, new)
                metadata = event.get("resourcePreEvent", {"metadata": {}})["metadata"]
                metadata["urn"] += f"-{number}"
                events.append(event)
    recording = Assessment.of(stack_changes("prod", events))
    assert {finding.risk for finding in recording.findings} == {"data loss", "downtime", "exposure", "cost"}
    for name, text in kept_and_shown(recording, tmp_path).items():
        assert "planted" in text
        assert [secret for secret, _ in PLANTED if any(piece in text for piece in pieces(secret))] == [], name
        for _, written in PLANTED:
            # Nor what it was written as, which anybody can undo.
            assert [line for line in str(written).splitlines() if len(line) >= 12 and line in text] == [], name


def test_no_text_of_a_setting_reaches_a_report() -> None:
    old = "config: {gostack:note: before, gostack:replicas: 2}"
    assert compared(old, f"config: {{gostack:note: {SECRET!r}, gostack:replicas: 3}}") == (
        "`gostack:note` changes",
        "`gostack:replicas` changes from `2` to `3`",
    )


def encoded(before: str, after: str) -> str:
    return base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()


@pytest.mark.parametrize(
    ("written", "core"),
    [
        (SECRET, SECRET),
        (f"mysql://app:{SECRET}@mysql-east:3306/users", SECRET),
        (json.dumps({"password": SECRET}), json.dumps(SECRET)[1:-1]),
        (json.dumps(json.dumps({"password": SECRET})), json.dumps(json.dumps(SECRET))[3:-3]),
        (f"https://example.com/?token={quote(SECRET, safe='')}", quote(SECRET, safe="")),
        (SECRET.encode().hex(), SECRET.encode().hex()),
        *((encoded(*around), encoded(*around)[4:-4]) for around in (("", ""), ("a", ""), ("ab", "c"), ("", "cd"))),
    ],
)
def test_what_the_engine_says_holds_no_secret_that_the_state_knows(written: str, core: str, tmp_path: Path) -> None:
    said = [{"severity": severity, "message": f"it says {written}"} for severity in ("warning", "error")]
    events: list[Event] = [{"sequence": 0, "diagnosticEvent": item} for item in said]
    events.append(step("update", "kubernetes:core/v1:ConfigMap", {"data": {}}, {f"data.{SECRET}": "in a key"}))
    redactor = Redactor(KnownSecrets.of(more=[SECRET]))
    for text in kept_and_shown(redacted(Assessment.of(stack_changes("prod", events)), redactor), tmp_path).values():
        assert MASK in text.replace("\\", "")
        assert [piece for piece in (*pieces(SECRET), *pieces(core)) if piece in text] == []


def test_a_key_or_token_that_nobody_told_of_is_hidden_by_its_looks() -> None:
    assert NOBODY.text(f"key: {PEM}") == f"key: {MASK}\n"
    assert "MIGHAgEA" not in NOBODY.text(json.dumps({"key": PEM}))
    assert NOBODY.text("AKIAIOSFODNN7EXAMPLE, api_key=abcdef123") == f"{MASK}, api_key={MASK}"


def test_what_is_no_secret_stays_readable() -> None:
    text = "users: 2 → 3 replicas in east; `ports[0].ip` is on 0.0.0.0 (sha256:8b321bdb4a2b0123)"
    assert Redactor(KnownSecrets.of(more=[SECRET])).text(text) == text


def test_values_that_only_stand_beside_a_secret_stay_readable() -> None:
    shown = {
        "envs": {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "plaintext": json.dumps(["PORT=8080", "REGION=eu-central-1", "MYSQL_PASSWORD=Xk9vR2qLm8zT4wPn6"]),
        }
    }
    redactor = Redactor(KnownSecrets.of(shown))
    assert redactor.text("8080 eu-central-1 Xk9vR2qLm8zT4wPn6") == f"8080 eu-central-1 {MASK}"


def test_a_secret_that_the_state_shows_elsewhere_is_hidden_all_the_same() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "x", "plaintext": json.dumps("hunter22")}
    assert Redactor(KnownSecrets.of({"a": secret, "description": "hunter22"})).text("hunter22") == MASK
