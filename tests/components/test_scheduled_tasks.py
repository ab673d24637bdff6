"""The schedules of a service: a scheduler in each region on Docker, CronJobs in one on Kubernetes.

What the scheduler does with them is tried by its own tests, `components/scheduled_tasks/scheduler`. Does not prove that
an engine puts its file into a container of the service's image.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.microservice.schedule import Schedule
from components.microservice.task import Task
from components.scheduled_tasks import docker, kubernetes
from tests.components.alone import NAME, Secret, alone, before, only
from tests.graph.conftest import Document, dev_graph, staging_graph
from tests.graph.recorder import Graph

SCHEDULES = {
    "nightly": Schedule(cron="30 3 * * *", time_zone="Europe/Berlin", task="purge", deadline_seconds=60),
    "often": Schedule(cron="@hourly", task="tell", concurrency="replace"),
}
TASKS = {"purge": Task(args=["purge", "--old"]), "tell": Task(args=["tell"])}


def scheduled(cls: Any, **changes: Any) -> Graph:
    return alone(cls, schedules=SCHEDULES, tasks=TASKS, **changes)


def document(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(graph.resources[f"{NAME}-scheduler"].environment["GOSTACK_SCHEDULES"])
    return found


def test_a_scheduler_runs_the_service_s_program_in_the_service_s_image() -> None:
    graph = scheduled(
        docker.ScheduledTasks, image="shop:1", scheduler_image="scheduler:1", secrets={"PASSWORD": Secret("hush-hush")}
    )
    scheduler, filling = graph.resources[f"{NAME}-scheduler"], graph.resources[f"{NAME}-filling"]
    assert (scheduler.plain("image"), filling.plain("image")) == ("shop:1", "scheduler:1")
    assert scheduler.plain("entrypoints") == ["/run/gostack/scheduler/service"]
    (mount,) = scheduler.plain("volumes")
    assert (mount["containerPath"], mount["readOnly"]) == ("/run/gostack/scheduler", True)
    assert before(graph, "filling", "scheduler")
    assert before(graph, "registration-agent", "scheduler")
    assert scheduler.environment["PASSWORD"] == "hush-hush"
    assert scheduler.is_secret("envs")
    # The engine's socket is nowhere.
    assert "docker.sock" not in json.dumps(scheduler.inputs)


def test_a_scheduler_knows_when_what_is_due_and_whom_to_ask() -> None:
    found = document(scheduled(docker.ScheduledTasks, regions=["west", "east"], termination_grace_period_seconds=7))
    assert {key: found[key] for key in ("service", "regions", "program", "grace_seconds")} == {
        "service": "users",
        "regions": ["west", "east"],
        "program": ["/service"],
        "grace_seconds": 7,
    }
    assert found["schedules"]["nightly"] == {
        "cron": "30 3 * * *",
        "time_zone": "Europe/Berlin",
        "args": ["purge", "--old"],
        "concurrency": "forbid",
        "deadline_seconds": 60,
    }


def test_a_scheduler_is_no_replica() -> None:
    graph = scheduled(docker.ScheduledTasks)
    assert [item.name for item in graph.containers if "gostack.track" in item.labels] == []


@pytest.mark.parametrize("changes", [{"image": "users:2"}, {"scheduler_image": "scheduler:2"}], ids=str)
def test_another_image_makes_a_new_pod_beside_the_old_one(changes: dict[str, Any]) -> None:
    first = scheduled(docker.ScheduledTasks)
    changed = scheduled(docker.ScheduledTasks, kept=first, **changes).changed(first)
    assert {f"{NAME}-pod-sandbox", f"{NAME}-scheduler"} <= changed
    assert first.resources[f"{NAME}-scheduler"].delete_before_replace is False


def test_a_cluster_has_a_cron_job_for_each() -> None:
    graph = scheduled(kubernetes.ScheduledTasks, secrets={"PASSWORD": "hush-hush"})
    specs = {item.name.removeprefix(f"{NAME}-"): item.plain("spec") for item in graph.of_kind("CronJob")}
    nightly, often = specs["nightly"], specs["often"]
    assert (nightly["schedule"], nightly["timeZone"]) == ("30 3 * * *", "Europe/Berlin")
    assert (nightly["concurrencyPolicy"], often["concurrencyPolicy"]) == ("Forbid", "Replace")
    run = nightly["jobTemplate"]["spec"]
    assert (run["activeDeadlineSeconds"], run["backoffLimit"]) == (60, 0)
    (program,) = run["template"]["spec"]["containers"]
    assert program["args"] == ["purge", "--old"]
    only(graph, "kubernetes:core/v1:Secret")


def everything(document: Document) -> None:
    document["services"]["users"].update(
        tasks={"purge": {"args": ["purge"]}}, schedules={"nightly": {"cron": "@daily", "task": "purge"}}
    )


def test_every_region_has_a_scheduler_and_a_cluster_one_cron_job() -> None:
    graph = dev_graph(everything)
    schedulers = [item.labels["gostack.region"] for item in graph.with_role("scheduler")]
    assert sorted(schedulers) == ["east", "west"]
    assert [item.name for item in staging_graph(everything).of_kind("CronJob")] == ["users-schedules-east-nightly"]
