"""`gostack`: its exit codes, its one-sentence errors, and that it starts without the SDKs.

Does not prove what the commands do: each has its own tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.engine import PROJECT
from tools.gostack.cli import change, data, options, stack
from tools.gostack.cli.guard import FAILED, INTERRUPTED, guarded
from tools.gostack.cli.main import COMMANDS, main
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.python_environment import LAUNCHER, write_launcher
from tools.gostack.gate.environments import GateError
from tools.gostack.gate.evidence import evidence
from tools.gostack.lifecycle.workspace import Workspace


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing-of-the-kind"]) == 2
    assert main(["down", "--purgee"]) == 2
    assert main(["restore"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_failure_is_1_and_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "--stack", "nowhere"]) == FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "error: Pulumi.nowhere.yaml does not exist: copy Pulumi.dev.yaml and change it."


def test_a_port_for_a_debugger_that_nobody_asked_for_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dev", "users", "--debug-port", "4000"]) == FAILED
    assert capsys.readouterr().err == "error: --debug-port means nothing without --debug: write both.\n"


def test_an_interruption_is_130() -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert guarded(interrupted) == INTERRUPTED


@pytest.fixture
def _hangup() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_hangup")
def test_the_end_of_a_terminal_interrupts_what_nohup_did_not_start() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    main(["--help"])
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    main(["--help"])
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGHUP)


def test_a_mistake_of_the_program_is_not_hidden() -> None:
    def mistake() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(mistake)


def test_the_result_of_a_command_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[object] = []
    monkeypatch.setattr("tools.gostack.report.command.gate", lambda *values, **known: given.append(known) or 4)
    assert main(["gate", "prod", "--folder", str(tmp_path), "--tests", "passed", "--deployed", '["prod"]']) == 4
    (known,) = given
    assert isinstance(known, dict)
    assert known["evidence"].tests_passed
    assert not known["evidence"].policy_passed
    assert known["deployed"] == ["prod"]


def test_variables_of_a_pipeline_stand_for_options(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setenv("STACK", "staging")
    monkeypatch.setattr("tools.gostack.lifecycle.lifecycle.refresh", lambda found: asked.append(found.stack) or 0)
    assert main(["refresh"]) == 0
    assert asked == ["staging"]


def test_approvals_come_from_one_place() -> None:
    with pytest.raises(GateError, match="approvals come from one place"):
        evidence(tests=True, policy=True, pull_request=1, commit="abc", approved=None)


def test_what_is_for_docker_alone_says_so_on_a_cluster() -> None:
    for command in (stack.evict, data.backup):
        with pytest.raises(UserError, match="is for stacks on Docker, and staging is on Kubernetes"):
            command(stack="staging")
    with pytest.raises(UserError, match="failover is for stacks on Docker"):
        data.failover("west", stack="prod")
    assert options.docker_workspace("dev", "backup").stack == "dev"


def test_nothing_changes_the_stack_while_its_data_is_saved_or_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    @contextmanager
    def in_turn(found: Workspace) -> Generator[None]:
        steps.append(f"{found.stack} is ours")
        yield
        steps.append("and no longer")

    monkeypatch.setattr("tools.gostack.lifecycle.lifecycle.in_turn", in_turn)
    for verb in ("backup", "restore"):
        monkeypatch.setattr(
            f"tools.gostack.database.{verb}.{verb}", lambda *_, verb=verb, **__: steps.append(verb) or 0
        )
        assert main([verb, str(tmp_path / "b.sql.gz")]) == 0
    assert steps == ["dev is ours", "backup", "and no longer", "dev is ours", "restore", "and no longer"]


def test_a_comment_needs_a_pull_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_EVENT_PATH", raising=False)
    with pytest.raises(UserError, match="which pull request"):
        change.comment(tmp_path / "report.md")


def test_findings_are_json_for_another_program(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    assert {"name", "level", "message"} <= set(json.loads(capsys.readouterr().out)[0])


def test_help_names_every_command_and_loads_no_sdk() -> None:
    program = (
        "import sys; from tools.gostack.cli.main import main; main(['--help']);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'docker', 'pulumi', 'pydantic', 'yaml'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for functions in COMMANDS.values():
        for function in functions:
            assert f" {function.__name__.rstrip('_').replace('_', '-')} " in done.stdout
    assert " alerts " in done.stdout


def test_the_launcher_runs_the_checkout_whose_environment_it_is(tmp_path: Path) -> None:
    """An environment may be shared by a link: the program is that of the link's checkout."""
    shared = tmp_path / "shared"
    (shared / "bin").mkdir(parents=True)
    (shared / "bin" / "python").symlink_to(sys.executable)
    write_launcher(shared)
    for name in ("one", "other"):
        package = tmp_path / name / "tools" / "gostack" / "cli"
        package.mkdir(parents=True)
        (package / "main.py").write_text(f"import sys\ndef main():\n    print('{name}', sys.argv[1:])\n")
        (tmp_path / name / ".venv").symlink_to(shared)
        command = [str(tmp_path / name / ".venv" / "bin" / "gostack"), "a b", "--c"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout == f"{name} ['a b', '--c']\n"
    before = (shared / "bin" / "gostack").stat().st_mtime_ns
    write_launcher(shared)
    assert (shared / "bin" / "gostack").stat().st_mtime_ns == before
    assert LAUNCHER.startswith("#!/bin/sh\n")


def completed(line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    variables = {"_GOSTACK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    program = "import sys; from tools.gostack.cli.main import main; sys.exit(main([]))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_shell_completes_names_of_the_stack_file() -> None:
    assert completed("gostack logs us") == ["users"]
    assert completed("gostack logs --stack prod --region eu") == ["eu-central-1"]
    assert completed("gostack up --stack st") == ["staging"]
    assert completed("gostack releases --stack nowhere u") == []
    assert completed("gostack run --stack staging users s") == ["seed"]


def test_a_shell_completes_words_that_every_stack_has() -> None:
    assert completed("gostack open d") == ["dashboards"]
    assert completed("gostack logs --track c") == ["canary"]
    assert completed("gostack failover w") == ["west"]


def test_one_service_of_a_running_stack_needs_no_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(stack, "doctor", lambda *_: 1)
    monkeypatch.setattr("tools.gostack.lifecycle.lifecycle.up", lambda found, *service: asked.append(service) or 0)
    assert main(["up", "users"]) == 0
    assert asked == [("users",)]
    assert main(["up"]) == 1


def test_a_rollback_takes_a_canary_away_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    settings = SimpleNamespace(
        services={"users": SimpleNamespace(canary=object()), "cart": SimpleNamespace(canary=None)}
    )
    monkeypatch.setattr("tools.gostack.lifecycle.workspace.Workspace.settings", settings)
    monkeypatch.setattr("tools.gostack.canary.promote.roll_back", lambda *_: steps.append("canary") or 0)
    monkeypatch.setattr("tools.gostack.rollback.command.roll_back", lambda *_, **__: steps.append("release") or 0)
    assert main(["rollback", "users"]) == 0
    assert main(["rollback", "cart", "--to", "3"]) == 0
    assert main(["rollback", "users", "--to", "3"]) == FAILED
    assert steps == ["canary", "release"]


def test_one_place_switches_maintenance(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("tools.gostack.maintenance.command.maintenance", lambda _, **how: asked.append(how) or 0)
    assert main(["maintenance", "on", "users"]) == 0
    assert main(["maintenance", "off"]) == 0
    assert main(["maintenance", "maybe"]) == 2
    assert asked == [{"on": True, "service": "users"}, {"on": False, "service": None}]
