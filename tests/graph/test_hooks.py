"""Tasks around a release, and a worker beside a service, in whole stacks.

Does not prove that an engine leaves the old replicas running: `tests/integration/test_15_workers.py` does.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.recorder import Graph, JobEnd

TASKS = {"warm": {"args": ["warm", "up"]}, "tell": {"args": ["tell"]}}
BEFORE, AFTER = "users-hook-before-run", "users-hook-after-run"


def hooked(document: Document) -> None:
    schedules = {"nightly": {"cron": "@daily", "task": "tell"}}
    document["services"]["users"].update(tasks=TASKS, hooks={"before": "warm", "after": "tell"}, schedules=schedules)


def hooked_otherwise(**values: Any) -> Any:
    def change(document: Document) -> None:
        hooked(document)
        document["services"]["users"].update(values)

    return change


@pytest.fixture(scope="module")
def graph() -> Graph:
    return dev_graph(hooked)


def replica(region: str) -> str:
    return f"users-{region}-0-application"


def test_a_hook_is_the_program_with_the_task_s_arguments_and_the_service_s_environment(graph: Graph) -> None:
    hook, application = graph.resources[BEFORE], graph.resources[replica("east")]
    assert hook.plain("command") == ["warm", "up"]
    assert hook.plain("image") == application.plain("image")
    known = application.environment
    assert hook.environment == {
        key: value
        for key, value in known.items()
        if key not in ("INSTANCE_ID", "CONSUL_HTTP_ADDR") and not key.startswith("OTEL_")
    }
    assert hook.is_secret("envs")
    assert (hook.plain("restart"), hook.plain("attach")) == ("no", True)


def test_a_release_is_between_its_hooks(graph: Graph) -> None:
    for region in ("east", "west"):
        assert BEFORE in graph.reachable(replica(region))
        assert f"users-{region}-0-registration-agent" in graph.reachable(AFTER)
    # By a value, without which the replicas of the first region cannot even be asked for.
    assert replica("east") in graph.made_from({BEFORE})


def test_a_hook_that_fails_before_a_release_stops_it() -> None:
    with pytest.raises(pulumi.RunError, match="users-hook-before failed with exit code 3: no cache"):
        dev_graph(hooked, ends={BEFORE: JobEnd(3, "no cache")})


def test_a_hook_that_fails_after_a_release_fails_the_update() -> None:
    with pytest.raises(pulumi.RunError, match="users-hook-after failed with exit code 1: nobody to tell"):
        dev_graph(hooked, ends={AFTER: JobEnd(1, "nobody to tell")})


@pytest.mark.parametrize(
    ("values", "again"),
    [
        ({"replicas": 3}, set[str]()),
        ({"startup_timeout_seconds": 90}, set[str]()),
        ({"tasks": {**TASKS, "tell": {"args": ["tell", "all"]}}}, {AFTER}),
        ({"environment": {"GREETING": "Hello"}}, {BEFORE, AFTER}),
    ],
    ids=["replicas", "startup", "tasks", "environment"],
)
def test_a_hook_runs_again_when_what_it_is_given_changed(graph: Graph, values: Any, again: set[str]) -> None:
    changed = dev_graph(hooked_otherwise(**values), kept=graph).changed(graph)
    assert changed & {BEFORE, AFTER} == again


def test_a_cluster_runs_a_hook_once_with_what_a_replica_may_use() -> None:
    graph = staging_graph(hooked_otherwise(writable={"/cache": {"size_mib": 8, "disk": True}}))
    job = graph.resources[BEFORE].plain("spec")
    assert job["backoffLimit"] == 0
    container = job["template"]["spec"]["containers"][0]
    assert container["args"] == ["warm", "up"]
    (deployment,) = [item for item in graph.of_kind("Deployment") if item.name == "users-east-deployment"]
    (program,) = deployment.plain("spec")["template"]["spec"]["containers"]
    for key in ("cpu", "memory"):
        assert container["resources"]["limits"][key] == program["resources"]["limits"][key]
    assert "/cache" in [mount["mountPath"] for mount in container["volumeMounts"]]
    assert BEFORE in graph.reachable(deployment.name)


def test_a_stack_with_a_worker_hooks_and_schedules_passes_every_mandatory_rule() -> None:
    def change(document: Document) -> None:
        hooked(document)
        users = document["services"]["users"]
        document["services"]["mailer"] = {**users, "kind": "worker", "database": {}}
        del document["services"]["mailer"]["routes"]
        for key in ("check", "canary", "metrics"):
            document["services"]["mailer"].pop(key, None)

    graph = staging_graph(change)
    told = judge(from_recorded(graph.resources.values()), Environment.STAGING)
    assert [one.finding.message for one in told if one.blocks] == []
    assert [item.name for item in graph.of_kind("Service") if "mailer" in item.name] == []
