"""What the workflows promise by how they are written: pinned actions, few permissions, no secret for strangers.

Does not prove that their commands work: tests/rehearsal/test_pipeline.py runs each of them. Nor that GitHub's
settings (environments, their reviewers, the rule of the branch) are those of docs/pipeline.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.delivery.workflows import Step, load, names, steps, text_of

EVERY_STEP = [step for name in names() for step in steps(name)]
RUNS = [step for step in EVERY_STEP if step.run]
MAKEFILE = (Path(__file__).resolve().parents[2] / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
SUMMARY = 'cat report.md >> "$GITHUB_STEP_SUMMARY"'

PINS = {
    "actions/checkout": "08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "actions/upload-artifact": "ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    "actions/download-artifact": "d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "aws-actions/configure-aws-credentials": "a03048d87541d1d9fcf2ecf528a4a65ba9bd7838 # v5.0.0",
}
"""Every action that is used, by the commit of a release: whoever adds one adds it here, looked up."""

COMES_WITH_THE_POLICIES = {"policy"}
"""Targets of the part that brings the rules; it is merged apart from this one."""


def identity(step: Step) -> str:
    return f"{step.workflow}/{step.job}/{step.name}"


def test_there_are_the_four_workflows() -> None:
    assert names() == ["main", "nightly", "pull-request", "release"]


@pytest.mark.parametrize("name", names())
def test_every_action_is_pinned_by_the_commit_of_a_known_release(name: str) -> None:
    used = re.findall(r"uses: ([^@\s]+)@(.+)", text_of(name))
    assert used
    for action, pin in used:
        assert PINS[action] == pin, action


@pytest.mark.parametrize("step", RUNS, ids=identity)
def test_every_command_is_a_make_target_that_exists(step: Step) -> None:
    if step.run == SUMMARY:
        return
    assert "\n" not in step.run.strip()
    match = re.fullmatch(r"make ([a-z-]+)((?: [A-Z]+=(?:\"[a-z ]+\"|[a-z.]+))*)", step.run)
    assert match, step.run
    assert match[1] in TARGETS | COMES_WITH_THE_POLICIES, match[1]


@pytest.mark.parametrize("step", RUNS, ids=identity)
def test_no_expression_stands_in_a_command(step: Step) -> None:
    # It would be put in before the shell reads it: whoever chooses a branch's name would write the command.
    assert "${{" not in step.run


@pytest.mark.parametrize("name", names())
def test_a_workflow_may_read_the_code_and_nothing_else_unless_a_job_says_so(name: str) -> None:
    document = load(name)
    assert document["permissions"] == {"contents": "read"}
    for job, values in document["jobs"].items():
        assert values["timeout-minutes"] <= 180, job


def test_a_job_has_the_permissions_that_it_needs_and_no_other() -> None:
    given = {
        (name, job): values["permissions"]
        for name in names()
        for job, values in load(name)["jobs"].items()
        if "permissions" in values
    }
    cloud = {"contents": "read", "id-token": "write"}
    assert given == {
        ("pull-request", "preview"): cloud,
        ("pull-request", "comment"): {"contents": "read", "pull-requests": "write"},
        ("pull-request", "gate"): {"contents": "read", "pull-requests": "read"},
        ("main", "staging"): cloud,
        ("release", "prod"): {"contents": "write", "id-token": "write", "pull-requests": "read"},
        ("nightly", "drift"): cloud,
    }


@pytest.mark.parametrize("name", names())
def test_the_token_stays_in_no_checkout_but_that_of_the_job_that_pushes(name: str) -> None:
    for step in steps(name):
        if step.uses.startswith("actions/checkout@") and (name, step.job) != ("release", "prod"):
            assert step.given["persist-credentials"] is False, step.job


@pytest.mark.parametrize("name", names())
def test_long_lived_keys_of_the_cloud_are_not_used(name: str) -> None:
    assert re.findall(r"(?i)aws[_-]?(?:secret[_-]?)?access[_-]?key", text_of(name)) == []
    for step in steps(name):
        if step.uses.startswith("aws-actions/"):
            assert set(step.given) <= {"role-to-assume", "aws-region", "role-duration-seconds"}
            assert load(name)["jobs"][step.job]["permissions"]["id-token"] == "write"


def test_strangers_get_no_secret() -> None:
    document = load("pull-request")
    # This event, unlike pull_request, would run a stranger's change with the repository's secrets.
    assert set(document["on"]) == {"pull_request", "pull_request_review"}
    for job, values in document["jobs"].items():
        privileged = "secrets." in str(values) or "write" in (values.get("permissions") or {}).values()
        if privileged:
            same = "github.event.pull_request.head.repo.full_name == github.repository"
            assert same in values["if"], job
            assert "||" not in values["if"], job


def test_updates_of_a_stack_stand_in_line_and_none_is_cut_off() -> None:
    lines = {
        (name, job): values["concurrency"]
        for name in ("main", "release", "nightly")
        for job, values in load(name)["jobs"].items()
        if "STACK" in values.get("env", {})
    }
    assert lines == {
        ("main", "staging"): {"group": "stack-staging", "cancel-in-progress": False},
        ("release", "prod"): {"group": "stack-prod", "cancel-in-progress": False},
        ("nightly", "drift"): {"group": "stack-${{ matrix.stack }}", "cancel-in-progress": False},
    }


def test_prod_waits_behind_its_environment_and_comes_from_main_alone() -> None:
    job = load("release")["jobs"]["prod"]
    assert job["environment"] == "prod"
    assert job["if"] == "github.ref == 'refs/heads/main'"


def test_a_walk_that_fails_or_is_cancelled_is_rolled_back() -> None:
    found = {step.name: step for step in steps("release", "prod")}
    assert found["Rollback"].run == "make rollback"
    assert found["Rollback"].condition == "(failure() || cancelled()) && steps.walk.outcome != 'skipped'"
    order = [step.name for step in steps("release", "prod") if step.run]
    assert order.index("Gate") < order.index("Up") < order.index("Walk") < order.index("Rollback")


def test_the_gate_waits_for_tests_and_previews_and_cannot_be_skipped() -> None:
    job = load("pull-request")["jobs"]["gate"]
    assert job["needs"] == ["test", "preview-dev", "preview"]
    # A required job that is skipped counts as passed.
    assert job["if"] == "always()"
