"""`gostack databases`: each schema on the primary with the service that has it.

Does not prove what MySQL answers: tests/integration/test_15_migrations.py asks it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings import load_stack_file
from tests.support.engine import PROJECT
from tools.gostack.database.schemas import Schema, as_text, databases, schemas
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.programs import output_of
from tools.gostack.running.replica import Program, RunningReplica
from tools.gostack.sql.command import MemberChoice

ANSWER = "old\t0\t0\t0\nusers\t3\t1200\t3145728\n"


def test_each_schema_has_its_service_or_none() -> None:
    assert schemas(ANSWER, load_stack_file(PROJECT / "Pulumi.dev.yaml")) == [
        Schema("old", None, 0, 0, 0),
        Schema("users", "users", 3, 1200, 3145728),
    ]


def test_a_person_sees_a_line_each() -> None:
    assert as_text([Schema("old", None, 0, 0, 0), Schema("users", "users", 3, 1200, 3145728)]).splitlines() == [
        "schema  service             tables  rows (about)        MiB",
        "old     no service owns it       0             0        0.0",
        "users   users                    3          1200        3.0",
    ]


def test_the_primary_is_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    class Members:
        def replicas(self) -> list[RunningReplica]:
            return []

        def exec(self, replica: RunningReplica, command: list[str], *, tty: bool) -> Program:
            asked.append(replica.region)
            return Program(["printf", ANSWER])

    members = [MemberChoice(RunningReplica("mysql", "", name, name, name), name == "west") for name in ("east", "west")]
    monkeypatch.setattr("tools.gostack.database.schemas.runtime_of", lambda workspace: Members())
    monkeypatch.setattr("tools.gostack.database.schemas.members_of", lambda *given: members)
    assert databases(Workspace(PROJECT, "dev"), as_json=True) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert asked == ["west"]
    assert told["databases"][0] == {"schema": "old", "service": None, "tables": 0, "rows": 0, "bytes": 0}


def test_a_stack_on_aws_is_refused() -> None:
    with pytest.raises(UserError, match="prod is on AWS, in a cluster a region"):
        databases(Workspace(PROJECT, "prod"), as_json=False)


def test_what_a_program_says_when_it_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it fails with exit code 3: no such member"):
        output_of(Program(["sh", "-c", "echo no such member >&2; exit 3"]))
    with pytest.raises(UserError, match="no command `nothing-of-the-kind` on PATH"):
        output_of(Program(["nothing-of-the-kind"]))
