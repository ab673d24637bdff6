"""Workers on the real engine: healthy without a port, started again when they end, and told of when they do not run.
And the hooks of a release: run once, and a first one that fails stops it; and a schedule, which runs the program.

One stack in one region, whose workers are the probe. Does not prove what Kubernetes does with them:
tests/integration_kubernetes/test_15_given.py has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from docker.models.containers import Container

from infra.settings.stack_file import written
from tests.integration.brought_up import brought_up, one_region
from tests.integration.support import LiveStack, wait_until
from tools.gostack.lifecycle import lifecycle
from tools.gostack.status.command import looker

SERVICES: dict[str, dict[str, Any]] = {
    # Nobody asks it anything.
    "quiet": {
        "kind": "worker",
        "replicas": 2,
        "min_ready_seconds": 5,
        "tasks": {
            "first": {"args": ["migrate", "need:REGION"]},
            "last": {"args": ["migrate", "need:SERVICE_NAME"]},
            "often": {"args": ["migrate", "need:REGION"]},
        },
        "schedules": {"minute": {"cron": "* * * * *", "task": "often"}},
        "hooks": {"before": "first", "after": "last"},
    },
    # It answers on a port, for its check alone; through it a test ends its process.
    "asked": {"kind": "worker", "replicas": 1, "check": {"path": "/ready"}, "port": 9000},
    # A program of its own image is run: it wants a variable, and ends.
    "telling": {"kind": "worker", "replicas": 1, "check": {"command": ["/service", "migrate", "need:INSTANCE_ID"]}},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    document = one_region({name: {"context": "tests/probe", **values} for name, values in SERVICES.items()})
    file = tmp_path_factory.mktemp("workers") / "Pulumi.yaml"
    file.write_text(written(document), encoding="utf-8")
    yield from brought_up("workers", file, tmp_path_factory)


def programs(stack: LiveStack, service: str) -> list[Container]:
    return stack.containers("application", service=service)


def counts(stack: LiveStack) -> dict[str, str]:
    """Worker to how many of its replicas run, of those that are asked for."""
    found = looker(stack.workspace)()
    return {one.service: f"{one.passing}/{one.wanted}" for one in found.services if one.track == "stable"}


def scheduler(stack: LiveStack) -> Container:
    (found,) = stack.containers("scheduler", service="quiet")
    return found


def test_workers_run_and_consul_knows_none_of_them(stack: LiveStack) -> None:
    assert counts(stack) == {"quiet": "2/2", "asked": "1/1", "telling": "1/1"}
    known = urllib3.request("GET", "http://127.0.0.1:32500/v1/catalog/services").json()
    assert set(known) & set(SERVICES) == set()
    assert stack.preview_changes() == ""


def test_a_worker_whose_process_ends_is_back_without_a_person(stack: LiveStack) -> None:
    (program,) = programs(stack, "asked")
    pid = program.attrs["State"]["Pid"]
    (agent,) = stack.containers("agent", service="asked")
    # From inside of its pod: nothing else reaches it.
    agent.exec_run(["wget", "-q", "-T", "3", "-O", "-", "http://127.0.0.1:9000/p/die"])

    def back() -> bool:
        program.reload()
        return program.status == "running" and program.attrs["State"]["Pid"] != pid

    wait_until(back, 30, "the worker runs again")
    wait_until(lambda: counts(stack)["asked"] == "1/1", 60, "the worker counts again")


@pytest.mark.parametrize("service", ["quiet", "asked"])
def test_a_worker_that_ends_at_its_start_fails_the_update_with_its_last_lines(
    stack: LiveStack, capsys: pytest.CaptureFixture[str], service: str
) -> None:
    before, running = stack.workspace.stack_file.read_bytes(), {one.id for one in programs(stack, service)}
    stack.change_settings(service, environment={"PROBE_EXIT": "3"}, startup_timeout_seconds=20)
    try:
        assert lifecycle.up(stack.workspace) != 0
        told = capsys.readouterr().err
        assert f"{service} (stable) in east" in told
        assert "cannot load the configuration: giving up" in told
        # The old ones go on.
        assert running <= {one.id for one in programs(stack, service)}
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()
    assert lifecycle.up(stack.workspace) == 0
    assert counts(stack)[service] == f"{SERVICES[service]['replicas']}/{SERVICES[service]['replicas']}"


def hooks(stack: LiveStack) -> dict[str, int]:
    """Name of each hook that ran to its exit code."""
    found = [one for one in stack.objects.containers() if "-hook-" in str(one.name)]
    return {str(one.name).partition("-run")[0]: one.attrs["State"]["ExitCode"] for one in found}


def test_a_release_that_its_first_hook_refuses_changes_nothing(
    stack: LiveStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hooks(stack) == {"quiet-hook-before": 0, "quiet-hook-after": 0}
    before, running = stack.workspace.stack_file.read_bytes(), {one.id for one in programs(stack, "quiet")}
    tasks = {**SERVICES["quiet"]["tasks"], "first": {"args": ["migrate", "need:NOT_THERE"]}}
    stack.change_settings("quiet", tasks=tasks, environment={"RELEASE": "2"})
    try:
        assert lifecycle.up(stack.workspace) != 0
        assert "NOT_THERE is not given" in capsys.readouterr().err
        assert {one.id for one in programs(stack, "quiet")} == running
    finally:
        stack.workspace.stack_file.write_bytes(before)
        stack.workspace.prepare()
    assert lifecycle.up(stack.workspace) == 0
    assert hooks(stack) == {"quiet-hook-before": 0, "quiet-hook-after": 0}
    assert {one.id for one in programs(stack, "quiet")} == running


def test_hooks_run_with_a_release_and_not_without_one(stack: LiveStack) -> None:
    def runs() -> set[str | None]:
        return {one.id for one in stack.objects.containers() if "-hook-" in str(one.name)}

    before = runs()
    stack.change_settings("quiet", replicas=1)
    assert lifecycle.up(stack.workspace) == 0
    assert runs() == before
    stack.change_settings("quiet", environment={"RELEASE": "3"})
    assert lifecycle.up(stack.workspace) == 0
    assert len(runs()) == 2
    assert not runs() & before


def test_a_schedule_runs_the_program_when_it_is_due(stack: LiveStack) -> None:
    def ended_well() -> int:
        return scheduler(stack).logs().decode().count("scheduler: minute ended well")

    before = ended_well()
    wait_until(lambda: ended_well() >= before + 2, 150, "it ran in two minutes one after the other")


def test_a_scheduler_that_does_not_run_is_told_and_started_again(stack: LiveStack) -> None:
    scheduler(stack).stop(timeout=5)
    (problem,) = looker(stack.workspace)().problems
    assert problem.startswith("quiet (schedules) in east: 0 of 1 replicas pass their check: ")
    assert "its program has ended with exit code 0" in problem
    assert lifecycle.up(stack.workspace) == 0
    assert looker(stack.workspace)().well
