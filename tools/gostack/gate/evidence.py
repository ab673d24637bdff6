"""What is known of a change beside its preview: tests, rules, and who approved it."""

from __future__ import annotations

import argparse
import json

from tools.gostack.documents import is_list
from tools.gostack.gate.decision import Evidence
from tools.gostack.gate.environments import GateError
from tools.gostack.github.approvals import approvals, pull_request_of_commit
from tools.gostack.github.client import GitHub


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options by which a pipeline says what it knows."""
    for name, text in (("tests", "of every test"), ("policy", "of the policy pack, on this commit")):
        parser.add_argument(
            f"--{name}", choices=["passed", "failed", "unknown"], default="unknown", help=f"result {text}"
        )
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--approvals", type=int, help="number of approvals, when GitHub is not asked")
    who.add_argument("--pull-request", type=int, help="number of the pull request whose approvals count")
    who.add_argument("--commit", help="merged commit; the approvals of its pull request count")
    parser.add_argument(
        "--deployed", help="JSON list of the stacks that are deployed; the others are left out and told (default: all)"
    )


def deployed_stacks(options: argparse.Namespace) -> list[str] | None:
    """Return the stacks that are deployed, None when nothing is said; raises GateError for anything but a list."""
    if options.deployed is None:
        return None
    try:
        found: object = json.loads(options.deployed or "[]")
    except ValueError:
        found = None
    if not is_list(found) or not all(isinstance(item, str) for item in found):
        raise GateError(f'DEPLOYED_STACKS is "{options.deployed}": write a JSON list, like ["staging", "prod"].')
    return found


def evidence(options: argparse.Namespace) -> Evidence:
    """Return what the options say; asks GitHub for approvals where they say of what. Raises GitHubError."""
    return Evidence(
        tests_passed=options.tests == "passed",
        policy_passed=options.policy == "passed",
        approvals=_approvals(options),
    )


def _approvals(options: argparse.Namespace) -> int:
    if options.approvals is not None:
        return int(options.approvals)
    if options.pull_request is None and not options.commit:
        return 0
    github = GitHub.of()
    number = options.pull_request or pull_request_of_commit(github, options.commit)
    return approvals(github, number) if number is not None else 0
