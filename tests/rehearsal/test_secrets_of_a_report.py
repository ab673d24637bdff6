"""Fifty secrets in a stack of their own, each kept in an awkward encoding: none is in its exported state, in its files,
in what the commands print, or in the report.

The stack has no container: the engine itself keeps the values. Does not prove that a program which takes a secret apart
by itself, and hands the parts over in the open, keeps it; that is found in the report alone (tests/delivery).
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.delivery.planted import PLANTED
from tools.gostack.gate.decision import Decision
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.changes import stack_changes
from tools.gostack.report.engine import parse_lines
from tools.gostack.report.model import Report, StackReport
from tools.gostack.report.recording import redacted
from tools.gostack.report.redaction import KnownSecrets, Redactor
from tools.gostack.report.render import FORMATS

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """\
import json
import pulumi

# Every value, and what it was written as, comes from the configuration as a secret; what is made of it stays one.
planted = pulumi.Config().require_secret("planted").apply(json.loads)
for number in range(50):
    pulumi.Stash(
        f"planted-{number}",
        input=planted.apply(lambda values, number=number: values[number]),
        opts=pulumi.ResourceOptions(replacement_trigger=pulumi.Config().require_int("round")),
    )
pulumi.export("planted", planted.apply(lambda values: values[::-1]))
"""


@dataclass
class Planted:
    """A project with one stack, and everything that its commands have printed."""

    folder: Path
    variables: dict[str, str]
    printed: str = ""

    def pulumi(self, *arguments: str, secret: str | None = None, shown: bool = True) -> str:
        done = subprocess.run(
            ["pulumi", *arguments],
            cwd=self.folder,
            env=self.variables,
            input=secret,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.printed += (done.stdout if shown else "") + done.stderr
        return done.stdout


def pieces(secret: str) -> set[str]:
    lines = [line for line in secret.splitlines() if line and "-----" not in line]
    return {line[at : at + 8] for line in lines for at in range(len(line) - 7)}


def found(text: str) -> list[int]:
    """Numbers of the secrets of which a part can be read, as it is or as it was written down."""
    return [
        number
        for number, planted in enumerate(PLANTED)
        if any(piece in text for piece in pieces(planted.secret))
        or (isinstance(planted.written, str) and (planted.written in text or json.dumps(planted.written)[1:-1] in text))
    ]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    state = folder / "state"
    state.mkdir()
    (folder / "__main__.py").write_text(PROGRAM)
    runtime = {"name": "python", "options": {"virtualenv": str(PROJECT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "planted", "runtime": runtime}))
    variables = {
        **Workspace(PROJECT, "planted").variables,
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of this test",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    }
    variables.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    project = Planted(folder, variables)
    project.pulumi("stack", "init", "planted")
    values = json.dumps([[item.secret, item.written] for item in PLANTED])
    # Through standard input: arguments can be read by everybody on the machine.
    project.pulumi("config", "set", "--secret", "planted", secret=values)
    project.pulumi("config", "set", "round", "1")
    project.pulumi("up", "--yes", "--skip-preview", "--non-interactive", "--diff")
    return project


def test_the_secrets_are_there_when_they_are_asked_for(planted: Planted) -> None:
    shown = subprocess.run(
        ["pulumi", "stack", "export", "--show-secrets"],
        cwd=planted.folder,
        env=planted.variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    decoded = json.dumps(
        [json.loads(item["outputs"]["output"]["plaintext"]) for item in resources(shown)], ensure_ascii=False
    )
    assert len(found(json.loads(json.dumps(decoded)))) >= 49


def resources(exported: str) -> list[dict[str, dict[str, dict[str, str]]]]:
    listed = json.loads(exported)["deployment"]["resources"]
    return [item for item in listed if item["type"] == "pulumi:index:Stash"]


def test_the_exported_state_and_every_file_of_the_project_hold_none(planted: Planted) -> None:
    exported = planted.pulumi("stack", "export")
    assert len(resources(exported)) == 50
    assert found(exported) == []
    files = [file for file in planted.folder.rglob("*") if file.is_file()]
    assert files
    assert {file.name: numbers for file in files if (numbers := found(file.read_text(errors="replace")))} == {}


def test_neither_the_report_of_a_change_nor_what_the_commands_print_holds_any(planted: Planted) -> None:
    planted.pulumi("config", "set", "round", "2")
    # Pulumi's SDK for Python writes outputs into messages for debugging, secret ones among them: the stream itself is
    # never kept, and no command of this project prints it.
    stream = planted.pulumi("preview", "--json", "--non-interactive", shown=False)
    changes = stack_changes("planted", parse_lines(stream.splitlines()))
    assert len([change for change in changes.changes if change.operation == "replace"]) == 50
    known = KnownSecrets.of(more=[item.secret for item in PLANTED])
    recording = redacted(Assessment.of(changes), Redactor(known))
    report = Report((StackReport(recording, Decision("safe")),))
    for name, render in FORMATS.items():
        text = render(report)
        assert found(text) == [], name
        assert "planted" in text
    planted.pulumi("stack", "output", "--json")
    planted.pulumi("config", "--json")
    assert found(planted.printed) == []
