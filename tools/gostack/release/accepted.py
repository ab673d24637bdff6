"""`gostack accepted`: the run on main that has tested a commit and accepted it in staging. Nothing else is released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.gostack.github.client import GitHub, GitHubError, step_outputs

WORKFLOW = "main.yml"
JOBS = ("test", "staging")
"""Jobs of the workflow that must have succeeded: one that was left out has accepted nothing."""

_STARTED_BY = frozenset({"push", "workflow_dispatch"})


def accepted(github: GitHub, commit: str) -> int:
    """Tell which run has accepted the commit and return 0; raises GitHubError when none has.

    On GitHub, `tests` and `run-id` become outputs of the step.
    """
    run = accepting_run(github, commit)
    print(f"{commit}: tested and accepted in staging by run {run}")
    step_outputs(tests="passed", run_id=str(run))
    return 0


def accepting_run(github: GitHub, commit: str) -> int:
    """Return the number of the newest run that has accepted the newest commit of the main branch.

    Raises GitHubError when the branch has another newest commit, whose release this one would undo, or when no run has
    accepted it.
    """
    branch = github.get("")["default_branch"]
    newest = github.get(f"branches/{branch}")["commit"]["sha"]
    if newest != commit:
        raise GitHubError(f"{branch} is at {newest} and not at {commit} any more: start the release again.")
    runs = github.get(f"actions/workflows/{WORKFLOW}/runs?head_sha={commit}&branch={branch}&per_page=100")
    for run in runs["workflow_runs"]:
        if _is_of(run, branch, commit) and _succeeded(github, run["id"]):
            return int(run["id"])
    raise GitHubError(
        f"no run of {WORKFLOW} on {branch} has tested and accepted {commit}: "
        f"start one (`gh workflow run {WORKFLOW} --ref {branch}`) and wait for its end."
    )


def _is_of(run: Mapping[str, Any], branch: str, commit: str) -> bool:
    return (run["head_sha"], run["head_branch"], run["conclusion"]) == (commit, branch, "success") and run[
        "event"
    ] in _STARTED_BY


def _succeeded(github: GitHub, run: int) -> bool:
    jobs = github.get(f"actions/runs/{run}/jobs?filter=latest&per_page=100")["jobs"]
    concluded = {job["name"]: job["conclusion"] for job in jobs}
    return all(concluded.get(name) == "success" for name in JOBS)
