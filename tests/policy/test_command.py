"""`python -m policy check` on files: its table, its sentence and its exit code.

Does not prove what `pulumi preview --json` writes: the readers' tests say what is expected of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy.command import EXIT_BLOCKED, EXIT_UNUSABLE, main


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
