"""A job that does not end well stops the update, with its last words and without its secrets.

Does not prove that the engine tells of exit codes and of what a container printed as it is told here.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.docker.job import Job
from components.service_database.args import MIGRATE_TIMEOUT_SECONDS
from tests.graph.conftest import dev_graph
from tests.graph.recorder import Graph, JobEnd, record

MIGRATION = "users-database-migrations"


def job_that(end: JobEnd, environment: dict[str, str] | None = None, secrets: list[str] | None = None) -> Graph:
    """A program of one job, which ends like this."""

    def program() -> dict[str, Any]:
        job = Job(
            "job",
            {
                "image": "image",
                "command": ["go"],
                "environment": {key: pulumi.Output.secret(value) for key, value in (environment or {}).items()},
                "secrets": [pulumi.Output.secret(value) for value in secrets or []],
                "labels": {},
            },
        )
        return {"completed": job.completed}

    return record(program, ends={"job-run": end})


def words_of(end: JobEnd, environment: dict[str, str] | None = None, secrets: list[str] | None = None) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        job_that(end, environment, secrets)
    return str(caught.value)


@pytest.mark.parametrize("exit_code", [1, 3, 137])
def test_a_job_that_fails_stops_the_update_with_its_last_five_lines(exit_code: int) -> None:
    said = "\n".join(f"line {number}" for number in range(1, 8))
    words = words_of(JobEnd(exit_code, said))
    assert words.startswith(
        f"job failed with exit code {exit_code}: line 3 | line 4 | line 5 | line 6 | line 7 — correct the cause"
    )
    assert "run `make up` again" in words


def test_a_job_that_fails_without_a_word_stops_the_update_as_well() -> None:
    assert "exit code 1: (it said nothing) — " in words_of(JobEnd(1, ""))


def test_a_job_whose_end_nobody_saw_does_not_count_as_done() -> None:
    assert words_of(JobEnd(None)) == "job was interrupted before its end was known: run `make up` again."


def test_a_job_that_ends_well_is_done() -> None:
    assert job_that(JobEnd(0)).outputs["completed"] == {"secret": False, "value": "id-of-job-run"}


def test_the_last_words_of_a_job_hold_none_of_its_secrets() -> None:
    environment = {"PASSWORD": "hush-hush-hush", "OTHER": "hush-hush-hush-and-more"}
    said = "log in with hush-hush-hush-and-more, hush-hush-hush and part-of-a-statement"
    words = words_of(JobEnd(1, said), environment, ["part-of-a-statement"])
    assert "exit code 1: log in with [secret], [secret] and [secret] — " in words


@pytest.mark.parametrize("job", ["mysql-accounts", "users-database-accounts", MIGRATION])
def test_each_job_of_a_stack_stops_the_update_when_it_fails(job: str, dev: Graph) -> None:
    assert f"{job}-run" in dev.resources
    with pytest.raises(pulumi.RunError, match=f"{job} failed with exit code 3: no such table"):
        dev_graph(ends={f"{job}-run": JobEnd(3, "no such table")})


def test_only_a_migration_gets_long_to_end_by_itself(dev: Graph) -> None:
    patience = {job.name: job.plain("stopTimeout") for job in dev.with_role("job")}
    assert patience.pop(f"{MIGRATION}-run") == MIGRATE_TIMEOUT_SECONDS
    assert set(patience.values()) == {10}
