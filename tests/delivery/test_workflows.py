"""What the workflows promise by how they are written: pinned actions, few permissions, no secret for strangers.

Does not prove that their commands work: tests/rehearsal/test_pipeline.py runs each of them. Nor that GitHub's
settings (environments, their reviewers, the rule of the branch) are those of docs/pipeline.md.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.delivery.workflows import Step, load, names, steps, text_of
from tools.gostack.cli import stacks
from tools.gostack.cli.main import COMMANDS as COMMAND_LINE
from tools.gostack.cli.main import app
from tools.gostack.environment.progress import Progress
from tools.offline.toolchain.programs import actionlint

EVERY_STEP = [step for name in names() for step in steps(name)]
RUNS = [step for step in EVERY_STEP if step.run]
PROJECT = Path(__file__).resolve().parents[2]
CODEOWNERS = (PROJECT / ".github" / "CODEOWNERS").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
GOSTACK = ".venv/bin/gostack"
COMMANDS = {function.__name__.replace("_", "-") for functions in COMMAND_LINE.values() for function in functions}
STACK_COMMANDS = {f"stack {command.name}" for command in stacks.app.registered_commands}
COMMANDS |= {str(group.name) for group in app.registered_groups}
OTHERS = {
    'cat report.md >> "$GITHUB_STEP_SUMMARY"',
    "sh tools/gostack/release/commit_release.sh",
    'echo "::warning::DEPLOYED_STACKS does not name staging: nothing was deployed there, and nothing can be released"',
}

PINS = {
    "actions/checkout": "08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "actions/upload-artifact": "ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2",
    "actions/download-artifact": "d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0",
    "aws-actions/configure-aws-credentials": "a03048d87541d1d9fcf2ecf528a4a65ba9bd7838 # v5.0.0",
}
"""Every action that is used, by the commit of a release: whoever adds one adds it here, looked up."""


def identity(step: Step) -> str:
    return f"{step.workflow}/{step.job}/{step.name}"


def test_there_are_these_workflows_and_no_other() -> None:
    assert names() == ["main", "nightly", "pull-request", "pull-request-closed", "pull-request-stack", "release"]


@pytest.mark.parametrize("name", names())
def test_every_action_is_pinned_by_the_commit_of_a_known_release(name: str) -> None:
    used = re.findall(r"uses: ([^@\s]+)@(.+)", text_of(name))
    assert used
    for action, pin in used:
        assert PINS[action] == pin, action


@pytest.mark.parametrize("step", RUNS, ids=identity)
def test_every_command_is_one_of_make_or_of_gostack(step: Step) -> None:
    if step.run in OTHERS:
        return
    match = re.fullmatch(r"make ([a-z-]+)|\.venv/bin/gostack ((?:stack )?[a-z-]+)(?: [a-z0-9.-]+)*", step.run)
    assert match, step.run
    assert match[1] in TARGETS or match[2] in COMMANDS | STACK_COMMANDS, step.run


def test_the_command_line_is_there_before_it_is_called() -> None:
    for name in names():
        for job in load(name)["jobs"]:
            found = list(steps(name, job))
            for folder in {step.folder for step in found if ".venv/bin/gostack" in step.run}:
                assert next(step.run for step in found if step.run and step.folder == folder) == "make python", job


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
        ("pull-request-stack", "stack"): cloud,
        ("pull-request-stack", "comment"): {"contents": "read", "pull-requests": "write"},
        ("pull-request-closed", "remove"): cloud,
        ("main", "staging"): cloud,
        ("release", "deploy"): {**cloud, "actions": "read", "pull-requests": "read"},
        ("release", "commit"): {"contents": "write"},
        ("nightly", "drift"): cloud,
        ("nightly", "sweep"): cloud,
    }


@pytest.mark.parametrize("name", names())
def test_the_token_stays_in_no_checkout(name: str) -> None:
    for step in steps(name):
        if step.uses.startswith("actions/checkout@"):
            assert step.given["persist-credentials"] is False, step.job


def test_only_the_step_that_pushes_gets_a_token_that_can_write_to_the_repository() -> None:
    writing = {
        (name, job)
        for name in names()
        for job, values in load(name)["jobs"].items()
        if values.get("permissions", {}).get("contents") == "write"
    }
    assert writing == {("release", "commit")}
    found = list(steps("release", "commit"))
    assert [step.run for step in found if step.run] == ["sh tools/gostack/release/commit_release.sh"]
    assert [step.name for step in found if "github.token" in str((step.environment, step.given))] == [
        "Commit what runs"
    ]


@pytest.mark.parametrize("name", names())
def test_long_lived_keys_of_the_cloud_are_not_used(name: str) -> None:
    assert re.findall(r"(?i)aws[_-]?(?:secret[_-]?)?access[_-]?key", text_of(name)) == []
    for step in steps(name):
        if step.uses.startswith("aws-actions/"):
            assert set(step.given) <= {"role-to-assume", "aws-region", "role-duration-seconds"}
            assert load(name)["jobs"][step.job]["permissions"]["id-token"] == "write"


EVENTS = {
    "pull-request": {"pull_request", "pull_request_review"},
    "pull-request-stack": {"pull_request"},
    # With main's secrets: whose steps may be only those of main is said below.
    "pull-request-closed": {"pull_request_target"},
}


@pytest.mark.parametrize("name", EVENTS)
def test_strangers_get_no_secret(name: str) -> None:
    document = load(name)
    assert set(document["on"]) == EVENTS[name]
    for job, values in document["jobs"].items():
        privileged = "secrets." in str(values) or "write" in (values.get("permissions") or {}).values()
        if privileged:
            same = "github.event.pull_request.head.repo.full_name == github.repository"
            assert same in values["if"], job
            assert "||" not in values["if"].replace("vars.DEPLOYED_STACKS || '[]'", ""), job


def test_the_end_of_a_pull_request_runs_nothing_of_it() -> None:
    document = load("pull-request-closed")
    assert document["on"]["pull_request_target"] == {"branches": ["main"], "types": ["closed"]}
    assert [name for name in names() if "pull_request_target" in load(name)["on"]] == ["pull-request-closed"]
    (job,) = document["jobs"]
    for step in steps("pull-request-closed", job):
        if step.uses.startswith("actions/checkout@"):
            assert step.given == {"ref": "main", "persist-credentials": False}
        assert not step.uses.startswith("actions/download-artifact@")
    # Of what somebody chose for the branch nothing is used: its number and where it is from are GitHub's.
    used = set(re.findall(r"github\.event\.[a-z_.]+", text_of("pull-request-closed")))
    assert used == {"github.event.pull_request.number", "github.event.pull_request.head.repo.full_name"}
    assert "github.head_ref" not in text_of("pull-request-closed")


def test_the_stack_of_a_pull_request_is_made_removed_and_swept_by_one_name() -> None:
    made, removed = load("pull-request-stack")["jobs"]["stack"], load("pull-request-closed")["jobs"]["remove"]
    # In line with each other, as they work on one stack.
    assert made["concurrency"] == removed["concurrency"]
    assert made["env"] == removed["env"]
    assert made["env"]["STACK"] == "pr-${{ github.event.pull_request.number }}"
    # A person has read what runs with the way to the cluster; what is main's needs none.
    assert made["environment"] == "pull-request-stack"
    assert removed["environment"] == load("nightly")["jobs"]["sweep"]["environment"] == "pull-request-stack-removal"
    runs = [step.run for step in steps("pull-request-stack", "stack") if step.run]
    assert (
        runs.index(f"{GOSTACK} stack new --ttl 24h") < runs.index(f"{GOSTACK} kubeconfig") < runs.index(f"{GOSTACK} up")
    )
    assert runs[-3:] == [f"{GOSTACK} up", f"{GOSTACK} stack seed", f"{GOSTACK} stack describe --output stack.json"]
    assert [step.run for step in steps("nightly", "sweep")][-1] == f"{GOSTACK} stack sweep"
    for job in (made, removed, load("nightly")["jobs"]["sweep"]):
        assert "vars.PULL_REQUEST_STACKS != ''" in job["if"]
        assert job["env"]["STACK_ORIGIN"] == "${{ vars.PULL_REQUEST_STACKS }}"


def test_no_code_of_a_branch_gets_a_deployed_stacks_state_before_a_persons_word() -> None:
    for job, values in load("pull-request")["jobs"].items():
        sees_state = "secrets." in str(values) or "id-token" in (values.get("permissions") or {})
        # The environments whose required reviewers docs/pipeline.md asks for.
        assert values.get("environment") == ("${{ matrix.stack }}-pull-request" if sees_state else None), job


def test_what_decides_about_a_pull_request_comes_from_main() -> None:
    for name, job in (("pull-request", "comment"), ("pull-request", "gate"), ("pull-request-stack", "comment")):
        (checkout,) = [step for step in steps(name, job) if step.uses.startswith("actions/checkout@")]
        assert checkout.given["ref"] == "main", job
    rules = load("pull-request")["jobs"]["preview"]["steps"]
    (policy,) = [step for step in rules if step.get("run") == ".venv/bin/gostack policy"]
    (checkout,) = [step for step in rules if step.get("with", {}).get("path") == policy["working-directory"]]
    assert checkout["with"]["ref"] == "main"
    assert load("pull-request")["on"]["pull_request"] == {"branches": ["main"]}


def test_what_decides_has_owners() -> None:
    owned = {line.split()[0] for line in CODEOWNERS.splitlines() if line.startswith("/")}
    assert {"/.github/", "/tools/", "/policy/", "/infra/platforms/aws/state/", "/Makefile"} <= owned
    for path in owned:
        assert (PROJECT / path.strip("/")).exists(), path


@pytest.mark.parametrize("step", EVERY_STEP, ids=identity)
def test_no_result_is_written_down_in_a_workflow(step: Step) -> None:
    for name in ("TESTS", "POLICY"):
        value = step.environment.get(name, "")
        assert value == "" or "needs." in value or "steps." in value, f"{name}={value}"


def test_jobs_of_stacks_that_are_not_deployed_are_left_out_and_say_so() -> None:
    jobs = load("main")["jobs"]
    named = "contains(fromJSON(vars.DEPLOYED_STACKS || '[]'), 'staging')"
    assert named in jobs["staging"]["if"]
    assert jobs["staging-left-out"]["if"] == f"!{named}"
    (said,) = [step.run for step in steps("main", "staging-left-out")]
    assert "nothing was deployed" in said
    (gate,) = [step for step in steps("pull-request", "gate") if "gostack gate" in step.run]
    assert gate.environment["DEPLOYED_STACKS"] == "${{ vars.DEPLOYED_STACKS || '[]' }}"
    for name, job in (("pull-request", "preview"), ("nightly", "drift")):
        assert load(name)["jobs"][job]["strategy"]["matrix"]["stack"] == "${{ fromJSON(vars.DEPLOYED_STACKS || '[]') }}"


def test_updates_of_a_stack_stand_in_line_and_none_is_cut_off() -> None:
    lines = {
        (name, job): values["concurrency"]
        for name in ("main", "release", "nightly")
        for job, values in load(name)["jobs"].items()
        if "PULUMI_BACKEND_URL" in values.get("env", {})
    }
    assert lines == {
        ("main", "staging"): {"group": "stack-staging", "cancel-in-progress": False},
        ("release", "deploy"): {"group": "stack-prod", "cancel-in-progress": False},
        ("nightly", "drift"): {"group": "stack-${{ matrix.stack }}", "cancel-in-progress": False},
        ("nightly", "sweep"): {"group": "stacks-of-pull-requests", "cancel-in-progress": False},
    }
    assert load("release")["concurrency"] == {"group": "release", "cancel-in-progress": False}


def test_prod_waits_behind_its_environment_and_comes_from_main_alone() -> None:
    job = load("release")["jobs"]["deploy"]
    assert job["environment"] == "prod"
    assert job["if"] == "github.ref == 'refs/heads/main'"


def test_prod_gets_the_image_that_an_accepted_run_recorded_and_no_other() -> None:
    assert set(load("release")["on"]["workflow_dispatch"]["inputs"]) == {"service"}
    found = {step.name: step for step in steps("release", "deploy")}
    download = next(step for step in found.values() if step.uses.startswith("actions/download-artifact@"))
    assert download.given["run-id"] == "${{ steps.accepted.outputs.run-id }}"
    assert found["Image of the service"].environment["IMAGE"] == "${{ steps.image.outputs.image }}"
    order = [step.run for step in steps("release", "deploy") if step.run]
    assert (
        order.index(f"{GOSTACK} accepted") < order.index(f"{GOSTACK} copy-image") < order.index(f"{GOSTACK} set-image")
    )


def test_what_staging_gets_is_signed_and_what_prod_gets_was_signed_before() -> None:
    found = [step.run or step.uses.partition("@")[0] for step in steps("main", "staging")]
    # What people find by its commit, or as the latest, has been accepted; what was accepted is there without the tags.
    order = [f"{GOSTACK} up --sign", f"{GOSTACK} acceptance", "actions/upload-artifact", f"{GOSTACK} images tag"]
    assert [one for one in found if one in order] == order
    assert f"{GOSTACK} up" in [step.run for step in steps("release", "deploy")]


def test_a_release_updates_prod_once_and_goes_back_when_it_fails() -> None:
    found = {step.name: step for step in steps("release", "deploy")}
    runs = [step.run for step in steps("release", "deploy") if step.run]
    assert runs.count(f"{GOSTACK} up") == 1
    # They read the ingress's figures on Docker alone.
    assert not any("promote" in run or "rollback" in run for run in runs)
    assert found["Rollback"].run == f"{GOSTACK} restore-release"
    assert found["Rollback"].condition == "(failure() || cancelled()) && steps.up.outcome != 'skipped'"
    order = [step.name for step in steps("release", "deploy") if step.run]
    assert order.index("Gate") < order.index("Up") < order.index("Acceptance") < order.index("Rollback")
    assert load("release")["jobs"]["commit"]["needs"] == "deploy"


def test_the_gate_waits_for_tests_and_previews_and_cannot_be_skipped() -> None:
    job = load("pull-request")["jobs"]["gate"]
    assert job["needs"] == ["test", "preview-dev", "preview"]
    # A required job that is skipped counts as passed.
    assert job["if"] == "always()"


def test_actionlint_and_zizmor_find_nothing() -> None:
    zizmor = [PROJECT / ".venv" / "bin" / "zizmor", "--offline", "--no-progress", ".github"]
    # Without what else it runs where a machine has it.
    for command in ([actionlint(PROJECT, Progress()), "-shellcheck=", "-pyflakes="], zizmor):
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
