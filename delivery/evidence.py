"""What is known of a change beside its preview: tests, rules, and who approved it."""

from __future__ import annotations

import argparse

from delivery.gate.decision import Evidence
from delivery.github.approvals import approvals, pull_request_of_commit
from delivery.github.client import GitHub


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
