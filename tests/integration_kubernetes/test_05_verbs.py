"""The everyday verbs on a cluster: what each says is so, and what each changes loses no request.

Does not prove what a person sees on a terminal, nor what Docker alone has: dev, backup, failover, a canary's walk.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration_kubernetes.support import ClusterStack, tell, wait_until
from tools.gostack.database.schemas import databases
from tools.gostack.lifecycle import lifecycle
from tools.gostack.logs.command import Selection, logs
from tools.gostack.logs.line import Wanted
from tools.gostack.logs.reader import Follower
from tools.gostack.maintenance.command import maintenance
from tools.gostack.open.command import open_address
from tools.gostack.releases.command import releases_of
from tools.gostack.rollback.command import roll_back
from tools.gostack.running.runtime import runtime_of
from tools.gostack.shell.command import Which, execute, shell
from tools.gostack.sql.command import sql
from tools.gostack.status.command import status
from tools.gostack.tasks.command import run_task

RATE = 50


@pytest.fixture(scope="module", autouse=True)
def whole_again(stack: ClusterStack) -> Iterator[None]:
    assert lifecycle.up(stack.workspace) == 0
    with stack.as_before():
        yield


@pytest.fixture(scope="module")
def greeter(stack: ClusterStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of one more service, which runs."""
    folder = tmp_path_factory.mktemp("source") / "greeter"
    shutil.copytree(stack.workspace.project / "services" / "greeter", folder)
    entry = {
        "context": str(folder),
        "replicas": 2,
        "autoscaling": None,
        "check": {"path": "/ready"},
        "routes": [{"path": "/hello"}],
    }
    stack.change(lambda config: config["gostack:services"].update(greeter=entry))
    assert lifecycle.up(stack.workspace) == 0
    return folder / "main.go"


def greeting(stack: ClusterStack) -> bytes:
    return stack.request("GET", "/hello/ada").data


def loses_no_request(stack: ClusterStack, what: str, action: Callable[[], int]) -> None:
    """Do something while half of the requests of the users' load write, and half of them read."""
    with stack.load(RATE) as load:
        assert action() == 0
    tell(f"{what}: {load.result}")
    assert load.result.failures == []


def test_a_stack_as_its_settings_say_is_well(stack: ClusterStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(stack.workspace, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["well"], found["problems"]) == (True, [])
    counts = {(one["service"], one["region"]): (one["passing"], one["wanted"]) for one in found["services"]}
    assert counts["users", "east"] == (2, 2)
    assert {one["role"]: one["state"] for one in found["databases"]} == {"primary": "online", "replica": "online"}
    assert all(one["reachable"] and one["certificate_days"] > 0 for one in found["ingresses"])


def test_a_replica_that_the_settings_ask_for_and_nobody_made_is_named(
    stack: ClusterStack, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack.workspace.stack_file.read_bytes()
    stack.change(lambda config: config["gostack:services"]["users"].update(replicas=3), prepare=False)
    try:
        assert status(stack.workspace, as_json=True) == 1
    finally:
        stack.workspace.stack_file.write_bytes(before)
    found = json.loads(capsys.readouterr().out)
    assert [(one["passing"], one["wanted"]) for one in found["services"] if one["service"] == "users"] == [(2, 3)]
    assert any("users" in problem for problem in found["problems"])


def test_a_request_is_followed_through_ingress_and_service(
    stack: ClusterStack, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = uuid.uuid4().hex
    assert stack.ask("/api/v1/users?page_size=1", headers={"X-Request-ID": identity}).status == 200

    def lines() -> list[dict[str, Any]]:
        assert logs(stack.workspace, Selection(), wanted=Wanted(request=identity), start="2m", json=True) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    wait_until(lambda: {one["service"] for one in lines()} == {"ingress", "users"}, 20, "both have written")
    times = [one["time"] for one in lines()]
    assert times == sorted(times)


def test_lines_to_come_are_followed(stack: ClusterStack) -> None:
    identity, seen = uuid.uuid4().hex, threading.Event()
    runtime, selection = runtime_of(stack.workspace), Selection("users")
    settings = stack.workspace.settings
    follower = Follower(runtime, lambda: selection.of(runtime.replicas(), settings), time.time())

    def follow() -> None:
        if any(identity in line.text for line in follower.lines()):
            seen.set()

    threading.Thread(target=follow, daemon=True).start()
    assert stack.ask("/api/v1/users?page_size=1", headers={"X-Request-ID": identity}).status == 200
    assert seen.wait(30)


def test_a_command_runs_in_the_replicas_container(stack: ClusterStack, capfd: pytest.CaptureFixture[str]) -> None:
    assert execute(stack.workspace, Which("users"), ["/service", "version"]) == 0
    assert capfd.readouterr().out.startswith("users ")
    assert execute(stack.workspace, Which("mysql"), ["sh", "-c", "exit 7"]) == 7


def test_a_shell_sees_the_processes_of_the_replica(
    stack: ClusterStack, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = b"sleep 2; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo; exit\n"
    run = subprocess.run

    def with_input(command: list[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        return run(command, **{**more, "input": script})

    # Of the program that `shell` starts, not of this one.
    monkeypatch.setattr("subprocess.run", with_input)
    shell(stack.workspace, Which("users"))
    assert "/service" in capfd.readouterr().out


def test_a_task_runs_with_what_a_replica_is_given_and_is_gone(
    stack: ClusterStack, capfd: pytest.CaptureFixture[str]
) -> None:
    before = stack.workspace.stack_file.read_bytes()
    tasks = {"version": {"args": ["version"]}, "check": {"args": ["migrate"]}}
    stack.change(lambda config: config["gostack:services"]["users"].update(tasks=tasks), prepare=False)
    try:
        assert run_task(stack.workspace, "users", "version", []) == 0
        assert capfd.readouterr().out.startswith("users ")
        # With the database, where the replica has it.
        assert run_task(stack.workspace, "users", "check", []) == 0
        assert "up to date" in capfd.readouterr().out
        assert run_task(stack.workspace, "users", "version", ["nonsense"]) == 2
    finally:
        stack.workspace.stack_file.write_bytes(before)
    pods = f"/api/v1/namespaces/{stack.namespace}/pods"
    wait_until(
        lambda: not [one for one in stack.api.items(pods) if "gostack.task" in one["metadata"]["labels"]],
        30,
        "the pods of the tasks are gone",
    )


def test_reads_refuse_to_write_and_write_goes_to_the_primary(
    stack: ClusterStack, capfd: pytest.CaptureFixture[str]
) -> None:
    user = stack.create_user()
    statement = f"UPDATE users SET name = 'Grace' WHERE email = '{user['email']}'"
    assert sql(stack.workspace, "users", statement=statement) != 0
    assert re.search(r"read.only", capfd.readouterr().err, flags=re.IGNORECASE)
    assert sql(stack.workspace, "users", write=True, statement=statement) == 0
    assert "on the primary" in capfd.readouterr().err
    query = f"SELECT name FROM users WHERE email = '{user['email']}'"
    assert sql(stack.workspace, "users", write=True, statement=query) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "Grace"


def test_schemas_are_listed_with_the_service_that_has_each(
    stack: ClusterStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert databases(stack.workspace, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)["databases"]
    assert [(one["schema"], one["service"]) for one in found if one["service"]] == [("users", "users")]


def test_addresses_are_those_of_the_outputs(stack: ClusterStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert open_address(stack.workspace, "users", only_print=True) == 0
    assert capsys.readouterr().out.strip() == stack.users_url
    assert open_address(stack.workspace, "consul", only_print=True) == 0
    # It is inside the cluster: the command that brings it here is told.
    assert "port-forward" in capsys.readouterr().err


def test_an_update_of_one_service_leaves_the_others(stack: ClusterStack, greeter: Path) -> None:
    del greeter
    others = {role: stack.names(role) for role in ("mysql", "consul-server")}
    users, before = stack.names("application", service="users"), stack.names("application", service="greeter")
    stack.change_settings("greeter", environment={"GREETING": "Servus"})
    loses_no_request(stack, "one service updated", lambda: lifecycle.up(stack.workspace, "greeter"))
    wait_until(lambda: greeting(stack).startswith(b"Servus, ada"), 30, "the new greeting")
    assert not before & stack.names("application", service="greeter")
    assert stack.names("application", service="users") == users
    assert {role: stack.names(role) for role in others} == others


def test_maintenance_answers_for_one_service_and_replaces_no_replica(stack: ClusterStack, greeter: Path) -> None:
    del greeter
    before = stack.names("application")
    loses_no_request(stack, "maintenance on", lambda: maintenance(stack.workspace, on=True, service="greeter"))
    try:
        wait_until(lambda: stack.request("GET", "/hello/ada").status == 503, 30, "the ingress answers for it")
        assert stack.request("GET", "/hello/ada").headers["Retry-After"] == "60"
    finally:
        assert maintenance(stack.workspace, on=False, service="greeter") == 0
    wait_until(lambda: stack.request("GET", "/hello/ada").status == 200, 30, "its replicas answer again")
    assert stack.names("application") == before


def test_a_service_goes_back_to_the_image_before(stack: ClusterStack, greeter: Path) -> None:
    first = stack.outputs["services"]["greeter"]["image"]
    greeter.write_text(greeter.read_text().replace('"%s, %s, from %s\\n"', '"new: %s, %s, from %s\\n"'))
    assert lifecycle.up(stack.workspace, "greeter") == 0
    wait_until(lambda: greeting(stack).startswith(b"new: "), 30, "the new version answers")
    second = stack.outputs["services"]["greeter"]["image"]
    assert [one.image for one in releases_of(stack.workspace, "greeter")][-2:] == [first, second]
    loses_no_request(stack, "rolled back", lambda: roll_back(stack.workspace, "greeter"))
    wait_until(lambda: not greeting(stack).startswith(b"new: "), 30, "the version before answers")
    assert stack.outputs["services"]["greeter"]["image"] == first
