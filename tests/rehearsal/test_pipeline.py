"""The workflows' commands, run one by one in a clone: against a bare repository, a server that plays GitHub, and a
stack on Docker that stands for staging and prod. A line is changed, the report is in a comment; run again, the same
comment is edited; the gate blocks the replacement of the database's volume until main allows it by name; a release
rolls an image out, is pushed, and goes back when it fails.

Left out are `make test`, as it runs this test, `make test-integration`, which takes more than an hour, and `gostack
copy-image` and `gostack images tag`: images of a stack on Docker have no registry (test_image_copy.py and
test_supply_chain.py have). So are the actions of GitHub itself. Does not prove anything of AWS or of a cluster, nor
that GitHub's runner does with a workflow what its documentation says.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.delivery.github_server import Hub, github_server
from tests.delivery.workflows import Step, evaluated, names, steps
from tests.integration.brought_up import PROJECT, brought_up
from tests.integration.support import LiveStack
from tests.support.load import Load, Request
from tools.gostack.gate.decision import BLOCKED, WAITING
from tools.gostack.report.render.as_markdown import LONGEST, MARKER

COPY, ACCEPTED = ".venv/bin/gostack copy-image", ".venv/bin/gostack accepted"
LEFT_OUT = {
    "make test": "it runs this test",
    "make test-integration": "it takes more than an hour",
    COPY: "there is no registry here",
    ".venv/bin/gostack images tag": "there is no registry here",
}
RELEASED = "gostack-pipeline/greeter:released"
VOLUME = '"mysql", labels, self'


@dataclass
class Repository:
    """A clone with its bare origin, and the stack that it deploys."""

    clone: Path
    main: Path
    """A checkout of main, in which that runs whose job says so."""
    origin: Path
    stack: str
    hub: Hub
    said: list[str] = field(default_factory=list[str])
    """What every command has printed."""

    outputs: dict[str, str] = field(default_factory=dict[str, str])
    """Outputs of the steps, as expressions name them."""

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        person = ["-c", "user.name=tester", "-c", "user.email=tester@localhost"]
        command = ["git", *person, "-C", str(folder or self.clone), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.clone / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.git("commit", "--quiet", "--all", "--message", f"change {file}")

    def job(self, workflow: str, job: str, **values: str) -> None:
        """Run the commands of a job; the first that fails fails the test with its words."""
        for step in steps(workflow, job):
            # What runs only after a failure would undo what has succeeded.
            if step.run and step.run not in LEFT_OUT and "failure()" not in step.condition:
                code, words = self.step(step, **values)
                assert code == 0, f"{step.name}: {words}"

    def step(self, step: Step, **values: str) -> tuple[int, str]:
        """Run one command and return its exit code and words."""
        if step.of_main:
            self.git("fetch", "--quiet", "origin", folder=self.main)
            self.git("checkout", "--quiet", "--force", "origin/main", folder=self.main)
        output = self.clone / "output.txt"
        output.unlink(missing_ok=True)
        known = {
            "github.event.pull_request.base.sha": self.git("rev-parse", "origin/main").strip(),
            "github.event.pull_request.number": "7",
            "github.sha": self.git("rev-parse", "HEAD").strip(),
            "github.workspace": str(self.clone),
            "github.token": self.hub.variables["GITHUB_TOKEN"],
            "matrix.stack": self.stack,
            "vars.PULL_REQUEST_STACKS": self.stack,
            "needs.test.result == 'success' && 'passed' || 'failed'": "passed",
            "needs.preview.result == 'success' && 'passed' || 'failed'": "passed",
            "steps.rules.outcome == 'success' && 'passed' || 'failed'": "passed",
            "vars.DEPLOYED_STACKS || '[]'": json.dumps([self.stack]),
            **dict.fromkeys(("vars.PULUMI_BACKEND_URL", "vars.REGISTRY", "vars.REGISTRY_USER"), ""),
            **dict.fromkeys(
                ("secrets.PULUMI_CONFIG_PASSPHRASE", "secrets.KUBECONFIG", "secrets.REGISTRY_PASSWORD"), ""
            ),
            **self.outputs,
            **values,
        }
        variables = evaluated(step.environment, known)
        # Empty as they are here, they would be a choice: the state is this checkout's own.
        variables = {name: value for name, value in variables.items() if value}
        if variables.get("STACK") in ("dev", "staging", "prod"):
            variables["STACK"] = self.stack
        command = re.sub(r"gostack gate .*", f"gostack gate {self.stack}", step.run)
        runner = {
            **self.hub.variables,
            "GITHUB_EVENT_PATH": str(self.clone / "event.json"),
            "GITHUB_STEP_SUMMARY": str(self.clone / "summary.md"),
            "GITHUB_REF_NAME": "main",
            "GITHUB_OUTPUT": str(output),
        }
        runner.pop("GITHUB_TOKEN")
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=self.main if step.of_main else self.clone,
            env={**os.environ, **runner, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said.append(done.stdout + done.stderr)
        for line in output.read_text().splitlines() if output.is_file() else ():
            name, _, value = line.partition("=")
            self.outputs[f"steps.{step.identity}.outputs.{name}"] = value
        return done.returncode, done.stdout + done.stderr

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.hub.comments if comment["body"].startswith(MARKER)]

    def gate(self, **variables: str) -> tuple[int, str]:
        """Run the command of the job `gate` and return its exit code and words."""
        (step,) = [step for step in steps("pull-request", "gate") if "gostack gate" in step.run]
        return self.step(step, **variables)

    def previewed(self) -> None:
        self.job("pull-request", "preview")
        self.job("pull-request", "comment")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    settings = Path(__file__).with_name("settings.yaml")
    try:
        yield from brought_up("pipeline", settings, tmp_path_factory)
    finally:
        images = LiveStack.of(PROJECT, settings, "pipeline").objects.client.images
        if images.list(RELEASED):
            images.remove(RELEASED, force=True)


@pytest.fixture(scope="module")
def repository(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    project, folder = stack.workspace.project, tmp_path_factory.mktemp("repository")
    source, origin, clone, main = (folder / name for name in ("source", "origin.git", "clone", "main"))
    listed = subprocess.run(
        ["git", "-C", str(project), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (project / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, source / name)
    shutil.copy(stack.workspace.stack_file, source / f"Pulumi.{stack.workspace.stack}.yaml")
    person = ["-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "init.defaultBranch=main"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "as it is"]):
        subprocess.run(["git", *person, "-C", str(source), *command], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(source), str(origin)], check=True)
    for checkout in (clone, main):
        subprocess.run(["git", "clone", "--quiet", str(origin), str(checkout)], check=True)
        # The environment of Python, the state and the images of this checkout: the clone deploys the same stack.
        for shared in (".venv", ".gostack"):
            (checkout / shared).symlink_to(project / shared)
        (checkout / ".git" / "info" / "exclude").write_text(
            ".venv\n.gostack\nreport.md\nsummary.md\nevent.json\nrelease.json\noutput.txt\n"
        )
    (clone / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    shutil.rmtree(project / ".gostack" / "previews", ignore_errors=True)
    with github_server() as hub:
        yield Repository(clone, main, origin, stack.workspace.stack, hub)
    shutil.rmtree(project / ".gostack" / "previews", ignore_errors=True)


def stack_file(repository: Repository) -> str:
    return f"Pulumi.{repository.stack}.yaml"


def test_a_changed_line_is_in_the_comment_and_the_next_one_edits_it(repository: Repository) -> None:
    for number in range(3):
        repository.hub.say(f"a comment of somebody, number {number}")
    repository.edit(stack_file(repository), "GREETING: Hello", "GREETING: Good day")
    repository.hub.limited = 1
    repository.previewed()
    (first,) = repository.comments()
    assert "Safe" in first.splitlines()[1]
    # Not to what: a text may be a secret that nobody has encrypted.
    assert "- `gostack:services.greeter.environment.GREETING` changes\n" in first
    rolled = r"<b>greeter</b>: .* in east, then west because of .*<code>envs\.GREETING</code>.*, no downtime</summary>"
    assert re.search(rolled, first)

    repository.previewed()
    assert repository.comments() == [first]
    assert [request for request in repository.hub.requests if request.startswith("PATCH")] == []

    repository.edit(stack_file(repository), "replicas: 1", "replicas: 2")
    repository.previewed()
    (second,) = repository.comments()
    assert "- `gostack:services.greeter.replicas` changes from `1` to `2`\n" in second
    assert len(repository.hub.comments) == 4
    assert len(second.encode()) <= LONGEST
    assert repository.gate()[0] == 0


def test_the_gate_blocks_the_replacement_of_the_databases_volume_until_it_is_allowed(repository: Repository) -> None:
    repository.edit("components/mysql/docker_member.py", VOLUME, VOLUME.replace("labels", '{**labels, "team": "a"}'))
    repository.previewed()
    (comment,) = repository.comments()
    assert "Blocked" in comment.splitlines()[1]
    urns = sorted(set(re.findall(r"for `(urn:[^`]+mysql-\w+-data)`", comment)))
    assert len(urns) == 2
    code, words = repository.gate()
    assert code == BLOCKED
    assert f"to replace `mysql-east-data` needs an entry in tools/gostack/gate/allow.yaml for `{urns[0]}`" in words

    expires = datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=7)
    entries = [
        {"urn": urn, "operation": "replace", "reason": "The backup was restored and compared.", "expires": expires}
        for urn in urns
    ]
    text = yaml.safe_dump({"allow": entries})
    (repository.clone / "tools" / "gostack" / "gate" / "allow.yaml").write_text(text)
    # A branch does not allow itself anything.
    assert repository.gate()[0] == BLOCKED

    (repository.main / "tools" / "gostack" / "gate" / "allow.yaml").write_text(text)
    repository.git("commit", "--quiet", "--all", "--message", "allow it", folder=repository.main)
    repository.git("push", "--quiet", "origin", "HEAD:refs/heads/main", folder=repository.main)
    code, words = repository.gate()
    assert code == WAITING
    assert "a risky change needs 2 approvals and has 0" in words

    for person in ("ada", "grace"):
        review = {"state": "APPROVED", "commit_id": "head", "user": {"login": person, "type": "User"}}
        repository.hub.reviews.append(review)
    code, words = repository.gate()
    assert code == 0, words
    assert "allowed: mysql-east-data until" in words
    repository.job("pull-request", "comment")
    (comment,) = repository.comments()
    assert "Needs care" in comment.splitlines()[1]
    (repository.main / "tools" / "gostack" / "gate" / "allow.yaml").write_text("allow: []\n")
    repository.git("commit", "--quiet", "--all", "--message", "no longer", folder=repository.main)
    repository.git("push", "--quiet", "origin", "HEAD:refs/heads/main", folder=repository.main)
    repository.git("fetch", "--quiet", "origin")
    repository.git("checkout", "--quiet", "--force", "origin/main")


def test_a_pull_request_has_a_stack_of_its_own_until_it_is_closed(repository: Repository) -> None:
    def listed() -> list[str]:
        return [item for item in repository.git("status", "--porcelain").splitlines() if "Pulumi.pr-7" in item]

    repository.job("pull-request-stack", "stack")
    assert listed() == ["?? Pulumi.pr-7.yaml"]
    found = json.loads((repository.clone / "stack.json").read_text())
    assert found["stack"] == "pr-7"
    # What the actions for artifacts do.
    shutil.copy(repository.clone / "stack.json", repository.main / "stack.json")
    repository.job("pull-request-stack", "comment")
    (comment,) = [one["body"] for one in repository.hub.comments if "pull request's own stack" in one["body"]]
    assert found["url"] in comment

    repository.job("nightly", "sweep")
    assert "pr-7: stays until" in repository.said[-1]
    # Another checkout, which has no file of it.
    repository.job("pull-request-closed", "remove")
    assert "pr-7 is removed" in repository.said[-1]
    assert not (repository.main / "Pulumi.pr-7.yaml").exists()
    (repository.clone / "Pulumi.pr-7.yaml").unlink()


def test_what_is_merged_runs_in_staging_and_is_accepted(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-B", "main", "origin/main")
    repository.hub.reviews.clear()
    # This stack stands in for staging, of which no policy pack is asked.
    rules = repository.clone / "tools" / "gostack" / "gate" / "environments.yaml"
    rules.write_text(f"environments: {{{repository.stack}: {{tests: true, allow_entries: true}}}}\n")
    repository.job("main", "staging")
    release = json.loads((repository.clone / "release.json").read_text())
    assert set(release["services"]) == {"users", "greeter"}
    assert release["commit"] == repository.git("rev-parse", "HEAD").strip()
    assert any("passed: a user that is created is read in every region" in words for words in repository.said)


def accepted_by_a_run(repository: Repository) -> None:
    """GitHub knows a run on main that has tested and accepted what is checked out."""
    commit = repository.git("rev-parse", "HEAD").strip()
    repository.hub.newest = commit
    run = {"id": 5, "head_sha": commit, "head_branch": "main", "conclusion": "success", "event": "push"}
    repository.hub.runs[:] = [run]
    repository.hub.jobs[5] = {"test": "success", "staging": "success"}


def test_a_release_rolls_the_image_out_and_is_pushed(repository: Repository, stack: LiveStack) -> None:
    release = json.loads((repository.clone / "release.json").read_text())
    accepted_by_a_run(repository)
    (copy,) = [step for step in steps("release", "deploy") if step.run == COPY]
    code, words = repository.step(copy, **{"inputs.service": "greeter"})
    assert code != 0
    assert "names no digest" in words or "is missing: write an image once" in words

    url = f"{stack.outputs['url']}/hello/ada"
    # The engine that built it is the registry too: an image with the stack's name and labels would go with its build.
    stack.objects.client.images.build(
        fileobj=io.BytesIO(f"FROM {release['services']['greeter']}\n".encode()),
        labels={"gostack.stack": "of-a-registry"},
        tag=RELEASED,
    )
    image = {"steps.image.outputs.image": RELEASED, "steps.image.outputs.migrations-image": ""}
    values = {"inputs.service": "greeter", **image}
    with Load(stack.authority, 20, lambda number: Request("GET", url, headers={"X-Client-ID": f"c{number}"})) as load:
        repository.job("release", "deploy", **values)
    assert load.result.failures == []
    repository.job("release", "commit", **values)
    pushed = subprocess.run(
        ["git", "-C", str(repository.origin), "show", f"main:{stack_file(repository)}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    greeter = yaml.safe_load(pushed)["config"]["gostack:services"]["greeter"]
    assert greeter["image"] == RELEASED
    assert "context" not in greeter


def test_a_commit_that_no_run_has_accepted_is_not_released(repository: Repository) -> None:
    accepted_by_a_run(repository)
    repository.hub.jobs[5]["staging"] = "skipped"
    (step,) = [step for step in steps("release", "deploy") if step.run == ACCEPTED]
    code, words = repository.step(step, **{"inputs.service": "greeter"})
    assert code != 0
    assert "has tested and accepted" in words


def test_a_release_that_failed_goes_back_to_what_the_commit_says(repository: Repository) -> None:
    file = repository.clone / stack_file(repository)
    committed = file.read_text()
    file.write_text(committed.replace("GREETING: Hello", "GREETING: Half a release"))
    (rollback,) = [step for step in steps("release", "deploy") if step.name == "Rollback"]
    code, words = repository.step(rollback, **{"inputs.service": "greeter"})
    assert code == 0, words
    assert file.read_text() == committed


def test_the_night_finds_no_drift_in_what_was_deployed(repository: Repository) -> None:
    repository.job("nightly", "drift")


def test_every_command_of_every_workflow_was_run_here(repository: Repository) -> None:
    everything = {step.run for name in names() for step in steps(name) if step.run}
    ran = {
        step.run
        for name, jobs in {
            "pull-request": ["preview", "comment", "gate", "preview-dev"],
            "main": ["staging", "staging-left-out"],
            "release": ["deploy", "commit"],
            "pull-request-stack": ["stack", "comment"],
            "pull-request-closed": ["remove"],
            "nightly": ["drift", "sweep"],
        }.items()
        for job in jobs
        for step in steps(name, job)
        if step.run and step.run not in LEFT_OUT
    }
    assert everything - ran == set(LEFT_OUT)
    repository.job("pull-request", "preview-dev")
    repository.job("main", "staging-left-out")
    assert "::warning::DEPLOYED_STACKS does not name staging" in repository.said[-1]
