"""`status`, `logs`, `sh`, `exec`, `sql` and `open` on a running stack: what each says is so.

Does not prove what a person sees on a terminal, nor anything of a stack on Kubernetes.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from tests.integration.support import LiveStack, wait_until
from tools.gostack.database.mysql_members import members
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.logs.command import Selection, logs
from tools.gostack.logs.line import Wanted
from tools.gostack.open.command import open_address
from tools.gostack.shell.command import Which, execute, shell
from tools.gostack.sql.command import sql
from tools.gostack.status.command import looker, status
from tools.gostack.tasks.command import run_task


@pytest.fixture(scope="module", autouse=True)
def whole_again(stack: LiveStack) -> Iterator[None]:
    assert lifecycle.up(stack.workspace) == 0
    yield
    assert lifecycle.up(stack.workspace) == 0


def guests(stack: LiveStack) -> list[str]:
    """Containers in a pod of the stack that are none of its own; other stacks may run on the engine."""
    own = {str(one.id) for one in stack.objects.containers()}
    everything = stack.objects.client.containers.list(all=True, ignore_removed=True)
    modes = {str(one.id): str(one.attrs["HostConfig"]["NetworkMode"]) for one in everything}
    return [one for one, mode in modes.items() if one not in own and mode.removeprefix("container:") in own]


def test_a_stack_as_its_settings_say_is_well(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(stack.workspace, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["well"], found["problems"]) == (True, [])
    users = [one for one in found["services"] if one["service"] == "users"]
    assert {(one["region"], one["passing"], one["wanted"]) for one in users} == {("east", 2, 2), ("west", 2, 2)}
    assert [one["role"] for one in found["databases"]].count("primary") == 1
    assert all(one["reachable"] and one["certificate_days"] > 0 for one in found["ingresses"])
    assert found["ca_days"] > 365


def test_a_killed_replica_is_named(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    replica = stack.containers("application", service="users", region="east")[0]
    look = looker(stack.workspace)
    replica.kill()
    try:
        wait_until(lambda: not look().well, 30, "status sees that a replica is gone")
        assert status(stack.workspace) == 1
        told = capsys.readouterr().out
        assert "users (stable) in east: 1 of 2 replicas pass their check" in told
        assert str(replica.name) in told
    finally:
        replica.start()
        wait_until(lambda: look().well, 60, "the replica is back")


def test_a_request_is_followed_through_ingress_and_service(
    stack: LiveStack, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = uuid.uuid4().hex
    pool = urllib3.PoolManager(ca_certs=str(stack.authority), retries=False, timeout=10)
    assert pool.request("GET", stack.users_url, headers={"X-Request-ID": identity}).status == 200

    def lines() -> list[dict[str, str]]:
        assert logs(stack.workspace, Selection(), wanted=Wanted(request=identity), start="2m", json=True) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    wait_until(lambda: {one["service"] for one in lines()} == {"ingress", "users"}, 20, "both have written")


def test_lines_of_all_replicas_come_in_order_of_time(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(20):
        stack.request("GET", stack.users_url)
    assert logs(stack.workspace, Selection(), wanted=Wanted(), start="5m", json=True) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({one["replica"] for one in found}) > 2
    times = [one["time"] for one in found]
    assert times == sorted(times)


def test_a_command_runs_in_the_replicas_container(stack: LiveStack, capfd: pytest.CaptureFixture[str]) -> None:
    assert execute(stack.workspace, Which("users", "west"), ["/service", "version"]) == 0
    assert capfd.readouterr().out.strip()
    assert execute(stack.workspace, Which("mysql", "west"), ["sh", "-c", "exit 7"]) == 7


def test_a_task_runs_with_what_a_replica_is_given_and_is_gone(
    stack: LiveStack, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_task(stack.workspace, "users", "version", [], "west") == 0
    assert capfd.readouterr().out.startswith("users ")
    # With the database, where the replica has it.
    assert run_task(stack.workspace, "users", "check", []) == 0
    assert "up to date" in capfd.readouterr().out
    assert run_task(stack.workspace, "users", "version", ["nonsense"]) == 2
    wait_until(lambda: guests(stack) == [], 10, "the engine has removed what ran the tasks")


def test_a_shell_sees_the_processes_of_the_replica_and_goes(
    stack: LiveStack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "script"
    script.write_text("tr '\\0' ' ' </proc/1/cmdline; ls /proc/1/root; exit 3\n")
    with script.open() as text, monkeypatch.context() as patched:
        # Of the program that `shell` starts, not of this one.
        patched.setattr("subprocess.run", _with_input(text))
        assert shell(stack.workspace, Which("users", "east")) == 3
    told = capfd.readouterr().out
    assert told.startswith("/service")
    assert "service" in told.splitlines()[1:]
    wait_until(lambda: guests(stack) == [], 10, "the engine has removed the shell")


def test_reads_refuse_to_write_and_write_goes_to_the_primary(
    stack: LiveStack, capfd: pytest.CaptureFixture[str]
) -> None:
    user = stack.create_user()
    statement = f"UPDATE users SET name = 'Grace' WHERE email = '{user['email']}'"
    for region in (None, *stack.workspace.settings.regions):
        assert sql(stack.workspace, "users", region=region, statement=statement) == 1
        assert re.search(r"read.only", capfd.readouterr().err.splitlines()[-1], flags=re.IGNORECASE)
    assert sql(stack.workspace, "users", statement="SELECT CURRENT_USER()") == 0
    assert capfd.readouterr().out.splitlines()[-1] == "users@%"
    assert sql(stack.workspace, "users", write=True, statement=statement) == 0
    writable = next(one for one in members(stack.objects) if not one.read_only)
    assert f"({writable.container.labels['gostack.region']})" in capfd.readouterr().err
    query = f"SELECT name FROM users WHERE email = '{user['email']}'"
    assert sql(stack.workspace, "users", write=True, statement=query) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "Grace"


def test_statements_are_read_from_standard_input(
    stack: LiveStack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 40 + 2;"))
    assert sql(stack.workspace) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "42"


def test_addresses_are_those_of_the_outputs(stack: LiveStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert open_address(stack.workspace, only_print=True) == 0
    assert capsys.readouterr().out.strip() == stack.outputs["url"]
    assert open_address(stack.workspace, "users", only_print=True) == 0
    assert capsys.readouterr().out.strip() == stack.users_url
    with pytest.raises(UserError, match='no service "user": use one of'):
        open_address(stack.workspace, "user", only_print=True)


def _with_input(text: io.TextIOWrapper) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    run = subprocess.run
    return lambda command, **more: run(command, **{**more, "input": None, "stdin": text})
