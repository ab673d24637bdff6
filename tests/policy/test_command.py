"""`python -m policy check` on files: its table, its sentence and its exit code.

Does not prove what `pulumi preview --json` writes: the readers' tests say what is expected of it. The previews here
come from a script in the place of `pulumi`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policy.command import EXIT_BLOCKED, EXIT_UNUSABLE, main

STACK = "urn:pulumi:dev::gostack::pulumi:pulumi:Stack::gostack-dev"
CONTAINER = "urn:pulumi:dev::gostack::docker:index/network:Network::network"


def state(tmp_path: Path, type_: str, inputs: dict[str, object], *, stack: str = "dev") -> str:
    urn = f"urn:pulumi:{stack}::gostack::{type_}::server"
    file = tmp_path / "state.json"
    resource = {"urn": urn, "type": type_, "custom": True, "inputs": inputs}
    file.write_text(json.dumps({"deployment": {"resources": [resource]}}))
    return str(file)


def test_a_mandatory_violation_is_told_and_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = state(tmp_path, "aws:iam/user:User", {}, stack="prod")
    assert main(["check", "--stack", "prod", file]) == EXIT_BLOCKED
    printed = capsys.readouterr().out
    assert "mandatory  no-long-lived-keys" in printed
    assert "server (aws:iam/user:User): type is an identity with a key that never ends; use a role." in printed
    assert printed.splitlines()[-1].startswith("blocked: 1 resources judged by ")


def test_advisory_violations_alone_do_not_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = dict.fromkeys(("app.kubernetes.io/name", "gostack.project", "gostack.stack"), "x")
    file = state(tmp_path, "kubernetes:batch/v1:Job", {"metadata": {"labels": labels}, "spec": {}}, stack="mine")
    document = json.loads(Path(file).read_text())
    provider = "urn:pulumi:mine::gostack::pulumi:providers:kubernetes::mine::1"
    document["deployment"]["resources"][0].update(provider=provider)
    document["deployment"]["resources"][0]["inputs"]["spec"] = {
        "template": {"spec": {"automountServiceAccountToken": False}}
    }
    Path(file).write_text(json.dumps(document))
    assert main(["check", "--stack", "mine", "--environment", "dev", file]) == 0
    printed = capsys.readouterr().out
    assert "advisory  job-bounded" in printed
    assert printed.splitlines()[-1].startswith("passed: 1 resources")


@pytest.mark.parametrize("text", ["{}", "no json", '{"deployment": {"resources": []}}', '{"steps": []}'])
def test_a_file_that_cannot_be_judged_exits_with_two_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    assert main(["check", "--stack", "dev", str(file)]) == EXIT_UNUSABLE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--stack", "dev", str(tmp_path / "none.json")]) == EXIT_UNUSABLE
    assert "none.json" in capsys.readouterr().err


def preview_document(*, diagnostics: list[dict[str, str]] | None = None, stack_alone: bool = False) -> str:
    states: list[dict[str, Any]] = [{"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}]
    if not stack_alone:
        states.append({"urn": CONTAINER, "type": "docker:index/network:Network", "custom": True, "inputs": {}})
    steps = [{"op": "create", "urn": state["urn"], "newState": state} for state in states]
    return json.dumps({"steps": steps, "diagnostics": diagnostics or []})


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Puts a `pulumi` on PATH that writes a document and ends with a code."""

    def install(document: str, code: int) -> None:
        (tmp_path / "document.json").write_text(document)
        script = tmp_path / "bin" / "pulumi"
        script.parent.mkdir()
        script.write_text(f"#!/bin/sh\ncat '{tmp_path}/document.json'\necho 'error: last words' >&2\nexit {code}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")

    return install


def test_a_preview_that_succeeds_is_judged(pulumi: Callable[[str, int], None]) -> None:
    pulumi(preview_document(), 0)
    assert main(["check", "--stack", "dev", "--environment", "dev"]) in (0, EXIT_BLOCKED)


ERROR = [{"severity": "error", "message": "Program failed:\n  infra.settings.SettingsError: no kubeconfig\n"}]
WARNING = [{"severity": "warning", "message": "a plugin is old"}]


@pytest.mark.parametrize(
    ("document", "code", "reason"),
    [
        (preview_document(), 255, "last words"),
        (preview_document(diagnostics=ERROR), 0, "no kubeconfig"),
        (preview_document(diagnostics=WARNING), 1, "last words"),
        (preview_document(stack_alone=True), 0, "holds no resource"),
        ("", 1, "last words"),
    ],
    ids=["exit code", "error diagnostic", "exit code beside a warning", "the stack alone", "nothing"],
)
def test_a_preview_that_failed_is_refused_and_never_passes(
    pulumi: Callable[[str, int], None], capsys: pytest.CaptureFixture[str], document: str, code: int, reason: str
) -> None:
    pulumi(document, code)
    assert main(["check", "--stack", "dev", "--environment", "dev"]) == EXIT_UNUSABLE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert reason in printed.err
    assert printed.err.count("\n") == 1


def test_a_recorded_preview_with_an_error_is_refused_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "preview.json"
    file.write_text(preview_document(diagnostics=ERROR))
    assert main(["check", "--stack", "dev", str(file)]) == EXIT_UNUSABLE
    assert "no kubeconfig" in capsys.readouterr().err
