"""What is known of a change beside its preview: tests, rules, and who approved it."""

from __future__ import annotations

import json

from tools.gostack.documents import is_list
from tools.gostack.gate.decision import Evidence
from tools.gostack.gate.environments import GateError
from tools.gostack.github.approvals import approvals, pull_request_of_commit
from tools.gostack.github.client import GitHub


def deployed_stacks(text: str | None) -> list[str] | None:
    """Return the stacks that are deployed, None when nothing is said; raises GateError for anything but a list."""
    if text is None:
        return None
    try:
        found: object = json.loads(text or "[]")
    except ValueError:
        found = None
    if not is_list(found) or not all(isinstance(item, str) for item in found):
        raise GateError(f'DEPLOYED_STACKS is "{text}": write a JSON list, like ["staging", "prod"].')
    return found


def evidence(
    *, tests: bool, policy: bool, pull_request: int | None, commit: str | None, approved: int | None
) -> Evidence:
    """Return what is known of a change.

    * `tests`, `policy`: whether every test has passed, and every rule.
    * `approved`: the number of approvals. When None, GitHub is asked for those of `pull_request`, else of the pull
      request that `commit` was merged by; without either there are none.

    Raises GateError when more than one of the three is given, and GitHubError.
    """
    if sum(bool(given) for given in (approved is not None, pull_request, commit)) > 1:
        raise GateError("approvals come from one place: name --approvals, --pull-request or --commit, and no other.")
    if approved is None:
        approved = _approvals(pull_request, commit)
    return Evidence(tests_passed=tests, policy_passed=policy, approvals=approved)


def _approvals(pull_request: int | None, commit: str | None) -> int:
    if pull_request is None and not commit:
        return 0
    github = GitHub.of()
    number = pull_request or pull_request_of_commit(github, str(commit))
    return approvals(github, number) if number is not None else 0
