"""Stacks that are there for a while are removed whole, by name or when their time is over, and nothing else is.

Does not prove that anything goes from a cluster: lifecycle and cluster are played here, and
tests/integration_kubernetes/test_08_two_stacks.py has real ones.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.github_server import Hub, github_server
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.stacks import description, remove, seed, sweep

PROJECT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEFORE, AFTER = "2026-11-30T11:59:59Z", "2026-11-30T12:00:01Z"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "Pulumi.staging.yaml", tmp_path)
    shutil.copytree(PROJECT / "services" / "users", tmp_path / "services" / "users")
    shutil.copy(PROJECT / "services" / "Dockerfile", tmp_path / "services" / "Dockerfile")
    (tmp_path / ".gostack").mkdir()
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


@pytest.fixture
def downs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """What was removed, with its data and from the backend, and whether its file was there meanwhile."""
    found: list[tuple[str, bool]] = []

    def down(workspace: Workspace, *, purge: bool, forget: bool) -> int:
        assert purge
        assert forget
        assert workspace.settings.platform == "kubernetes"
        found.append((workspace.stack, workspace.stack_file.exists()))
        return 0

    monkeypatch.setattr(remove.lifecycle, "down", down)
    return found


def test_a_removed_stack_leaves_no_file_but_its_lock(project: Path, downs: list[tuple[str, bool]]) -> None:
    (project / "Pulumi.pr-1.yaml").write_bytes((project / "Pulumi.staging.yaml").read_bytes())
    for name in ("Pulumi.pr-1.yaml", "pr-1-ca.pem", "pr-1.lock", "staging.lock"):
        (project / ".gostack" / name).touch()
    assert remove.remove_stack(project, "pr-1") == 0
    assert downs == [("pr-1", True)]
    assert not (project / "Pulumi.pr-1.yaml").exists()
    # Somebody may wait for that lock: a new file of its name would let a second command work beside them.
    assert sorted(file.name for file in (project / ".gostack").iterdir()) == ["pr-1.lock", "staging.lock"]


def test_another_checkout_removes_it_by_what_it_was_like(project: Path, downs: list[tuple[str, bool]]) -> None:
    staging = project / "Pulumi.staging.yaml"
    # A secret that the file of the stack cannot have.
    staging.write_text(
        staging.read_text() + '      environment: {KEY: "${secret.KEY}"}\n      secrets: {KEY: {secure: v1:aaaa}}\n'
    )
    with pytest.raises(UserError, match=r"Pulumi.pr-1.yaml does not exist: name with --from the stack"):
        remove.remove_stack(project, "pr-1")
    assert remove.remove_stack(project, "pr-1", "staging") == 0
    assert downs == [("pr-1", True)]
    assert not (project / "Pulumi.pr-1.yaml").exists()


def test_a_stack_that_could_not_be_removed_keeps_its_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remove.lifecycle, "down", lambda *_, **__: 255)
    assert remove.remove_stack(project, "pr-1", "staging") == 255
    assert (project / "Pulumi.pr-1.yaml").exists()


def test_a_stack_whose_file_is_under_version_control_is_never_removed(
    project: Path, downs: list[tuple[str, bool]]
) -> None:
    subprocess.run(["git", "-C", str(project), "add", "Pulumi.staging.yaml"], check=True)
    with pytest.raises(UserError, match=r"Pulumi.staging.yaml is under version control"):
        remove.remove_stack(project, "staging", "staging")
    assert downs == []
    assert remove.remove_stack(project, "pr-1", "staging") == 0


def test_where_git_cannot_say_whether_it_is_nothing_is_removed(project: Path, downs: list[tuple[str, bool]]) -> None:
    shutil.rmtree(project / ".git")
    with pytest.raises(UserError, match=r"git does not say whether Pulumi\.pr-1\.yaml is under version control"):
        remove.remove_stack(project, "pr-1", "staging")
    assert downs == []


class Cluster:
    """Namespaces with their stacks, and until when these may stay."""

    def __init__(self, ends: dict[str, str | None]) -> None:
        self.ends = ends

    def items(self, path: str, **labels: str) -> list[dict[str, Any]]:
        assert (path, labels) == ("/api/v1/namespaces", {"gostack_project": "gostack"})
        return [
            {
                "metadata": {
                    "name": f"gostack-{stack}-east",
                    "labels": {"gostack.project": "gostack", "gostack.stack": stack},
                    **({"annotations": {"gostack.expires": ends}} if ends is not None else {}),
                }
            }
            for stack, ends in self.ends.items()
        ]


def swept(
    project: Path, monkeypatch: pytest.MonkeyPatch, ends: dict[str, str | None], problems: dict[str, str] | None = None
) -> tuple[int, list[str]]:
    """Exit code of a sweep at noon, and what it removed; `problems` are stacks that cannot be."""
    cluster = Cluster(ends)
    gone: list[str] = []

    def take(_: Path, name: str, origin: str | None) -> int:
        assert origin == "staging"
        if problem := (problems or {}).get(name):
            raise PulumiError(problem)
        gone.append(name)
        # Somebody brings it up again meanwhile.
        cluster.ends["pr-9"] = AFTER
        return 0

    monkeypatch.setattr(sweep.ClusterApi, "of", lambda *_: cluster)
    return sweep.sweep(project, "staging", remove=take, now=lambda: NOON), gone


def test_a_sweep_removes_what_is_past_its_time_and_nothing_else(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "Pulumi.here.yaml"
    file.write_text((project / "Pulumi.staging.yaml").read_text() + f'  gostack:expires: "{BEFORE}"\n')
    ends = {"pr-1": BEFORE, "pr-2": AFTER, "pr-9": BEFORE, "staging": None}
    assert swept(project, monkeypatch, ends) == (0, ["here", "pr-1"])
    assert capsys.readouterr().out.splitlines() == [
        "here: removed, as its time is over",
        "pr-1: removed, as its time is over",
        f"pr-2: stays until {AFTER}",
        f"pr-9: stays until {AFTER}",
        "2 removed, 0 could not be removed",
    ]


def test_the_later_of_two_times_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project / "Pulumi.pr-1.yaml"
    file.write_text((project / "Pulumi.staging.yaml").read_text() + f'  gostack:expires: "{AFTER}"\n')
    assert swept(project, monkeypatch, {"pr-1": BEFORE}) == (0, [])


def test_what_cannot_be_removed_is_told_and_the_others_are(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends: dict[str, str | None] = {"pr-1": BEFORE, "pr-2": BEFORE, "pr-3": "tomorrow"}
    assert swept(project, monkeypatch, ends, {"pr-1": "the stack is locked"}) == (1, ["pr-2"])
    told = capsys.readouterr()
    assert "pr-1: not removed, though its time is over: the stack is locked" in told.err
    assert 'pr-3: not removed, though its time is over: "tomorrow" is not a time in UTC' in told.err
    assert told.out.splitlines()[-1] == "1 removed, 2 could not be removed"


def test_seeding_runs_the_tasks_of_that_name_up_to_the_first_that_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[tuple[str, str]] = []
    codes = [0, 7]

    def run_task(_: Workspace, service: str, task: str, arguments: list[str]) -> int:
        assert arguments == []
        ran.append((service, task))
        return codes.pop(0)

    monkeypatch.setattr(seed, "run_task", run_task)
    staging = project / "Pulumi.staging.yaml"
    workspace = Workspace(project, "staging")
    assert seed.seed(workspace) == 0
    assert ran == [("users", "seed")]
    assert seed.seed(workspace) == 7
    staging.write_text(staging.read_text().replace("seed:", "fill:"))
    assert seed.seed(workspace) == 0
    assert "it begins with no rows" in capsys.readouterr().out


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github_server() as running:
        for name, value in running.variables.items():
            monkeypatch.setenv(name, value)
        yield running


OUTPUTS = {"url": "https://pr-7.api.example.com", "addresses": {"east": "10.245.1.3:443"}}


def test_the_comment_of_a_pull_request_says_where_its_stack_is(
    project: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "outputs", lambda _: OUTPUTS)
    file = project / "stack.json"
    assert description.describe(Workspace(project, "pr-7", project / "Pulumi.staging.yaml"), file) == 0
    assert description.comment(file, 7) == 0
    assert description.comment(file, 7) == 0
    (comment,) = hub.comments
    assert "**https://pr-7.api.example.com** is this pull request's own stack, `pr-7`, until the end" in comment["body"]
    assert "--connect-to ::10.245.1.3:443 https://pr-7.api.example.com" in comment["body"]


@pytest.mark.parametrize(
    "change",
    [
        ('"https://pr-7.api.example.com"', '"https://example.com/](javascript:alert(1))"'),
        ('"pr-7"', '"`<!-- gostack-report -->"'),
        ('"10.245.1.3:443"', '"10.245.1.3:443\\n# Approved"'),
        ('"expires": null', '"expires": "**never**"'),
        ("{", "[{"),
    ],
)
def test_a_branch_cannot_write_what_it_likes_into_the_comment(
    project: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    monkeypatch.setattr(Workspace, "outputs", lambda _: OUTPUTS)
    file = project / "stack.json"
    description.describe(Workspace(project, "pr-7", project / "Pulumi.staging.yaml"), file)
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change, 1))
    with pytest.raises(UserError, match=r"is not what `gostack stack describe` writes"):
        description.comment(file, 7)
    assert hub.comments == []


def test_a_stack_that_is_not_up_is_nowhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "outputs", lambda _: {})
    with pytest.raises(PulumiError, match=r"the stack staging is not up"):
        description.describe(Workspace(project, "staging"), None)


def test_a_file_without_a_time_is_of_a_stack_that_no_sweep_removes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(project / "Pulumi.staging.yaml", project / "Pulumi.demo.yaml")
    assert swept(project, monkeypatch, {"demo": BEFORE, "pr-1": BEFORE}) == (0, ["pr-1"])


def test_what_could_not_be_removed_is_found_by_the_next_sweep(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remove.lifecycle, "down", lambda *_, **__: 255)
    assert remove.remove_stack(project, "pr-1", "staging") == 255
    assert sweep.lifetimes(project, None).keys() == {"pr-1"}
