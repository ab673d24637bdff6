"""Whether a change may go on: what it must not do, what it still needs, and the exit code that says so."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tools.gostack.gate.allow import AllowEntry, allowing, refused
from tools.gostack.gate.environments import Environment
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.error_sentence import sentence_of
from tools.gostack.report.findings import code
from tools.gostack.report.urn import name_of

Verdict = Literal["safe", "needs care", "blocked"]

POLICY_PACK = "gostack"
"""Name of the project's policy pack: another one that looked at a change says nothing about its rules."""

OPEN, WAITING, BLOCKED = 0, 3, 4
"""Exit codes: go on; people or tests must act first; the change itself must be another."""


@dataclass(frozen=True)
class Decision:
    """What is said of one stack's change by itself, before anybody approves it."""

    verdict: Verdict
    blocks: tuple[str, ...] = ()
    """Why the change must not go on."""

    needs: tuple[str, ...] = ()
    """What it needs before it may."""

    allowed: tuple[str, ...] = ()
    """What an allow entry lets pass, with its reason."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a change beside its preview."""

    tests_passed: bool = False
    """Whether every test has passed on exactly this commit."""

    policy_passed: bool = False
    """Whether the policy pack has accepted exactly this commit, in a step of its own."""

    approvals: int = 0
    """Approvals of exactly this commit by others than its author."""


def decide(
    assessment: Assessment, environment: Environment, entries: Sequence[AllowEntry], today: datetime.date
) -> Decision:
    """Judge a stack's change by what its environment asks for."""
    blocks = [f"the engine refuses: {sentence_of(error)}" for error in assessment.changes.errors]
    blocks += [f"policy {item.policy}: {item.message}" for item in assessment.changes.violations if item.mandatory]
    if not assessment.changes.errors and not any(change.custom for change in assessment.everything):
        blocks.append("the preview holds no resource: nothing was looked at")
    allowed: list[str] = []
    if environment.allow_entries:
        stack = assessment.changes.stack
        blocks += refused(entries, stack, {change.urn for change in assessment.everything}, today)
        for change in assessment.stateful_losses:
            operation = "replace" if change.operation == "replace" else "delete"
            entry = allowing(entries, change.urn, operation, today)
            if entry is None:
                blocks.append(
                    f"to {operation} {code(change.name)} needs an entry in tools/gostack/gate/allow.yaml "
                    f"for {code(change.urn)}"
                )
            else:
                allowed.append(f"{name_of(entry.urn)} until {entry.expires}: {entry.reason}")
    risky = assessment.risky
    verdict: Verdict = "blocked" if blocks else "needs care" if risky else "safe"
    return Decision(verdict, tuple(blocks), tuple(_needs(environment, risky=risky)), tuple(allowed))


def judge(
    assessment: Assessment, environment: Environment, decision: Decision, evidence: Evidence
) -> tuple[int, list[str]]:
    """Return the gate's exit code and its reasons, with what is known beside the preview."""
    if decision.blocks:
        return BLOCKED, list(decision.blocks)
    waiting: list[str] = []
    if environment.tests and not evidence.tests_passed:
        waiting.append("every test must pass first (--tests passed)")
    if environment.policy_pack and not (evidence.policy_passed or POLICY_PACK in assessment.changes.policy_packs):
        waiting.append("the policy pack must accept the change first (`gostack policy`, then --policy passed)")
    if assessment.risky and evidence.approvals < environment.approvals:
        waiting.append(f"a risky change needs {environment.approvals} approvals and has {evidence.approvals}")
    return (WAITING, waiting) if waiting else (OPEN, ["nothing stands in the way"])


def _needs(environment: Environment, *, risky: bool) -> list[str]:
    needs = ["tests passed"] if environment.tests else []
    needs += ["policy pack passed"] if environment.policy_pack else []
    if risky and environment.approvals:
        needs.append(f"{environment.approvals} approvals")
    return needs
