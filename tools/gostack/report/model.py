"""The report as all formats show it: one verdict over all stacks, then each stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tools.gostack.gate.decision import Decision, Verdict
from tools.gostack.report.assessment import Assessment
from tools.gostack.report.findings import RISKS, Finding, Risk
from tools.gostack.report.groups import DONE, Group
from tools.gostack.report.monthly_cost import MonthlyCost, monthly_cost

_VERDICTS: tuple[Verdict, ...] = ("safe", "needs care", "blocked")


@dataclass(frozen=True)
class StackReport:
    """One stack."""

    assessment: Assessment
    decision: Decision

    @property
    def stack(self) -> str:
        """Its name."""
        return self.assessment.changes.stack

    @property
    def groups(self) -> tuple[Group, ...]:
        """Its parts that change."""
        return self.assessment.groups

    def findings(self, risk: Risk) -> list[Finding]:
        """What is at risk, of one kind."""
        return [finding for finding in self.assessment.findings if finding.risk == risk]

    @cached_property
    def monthly_cost(self) -> MonthlyCost | None:
        """What AWS charges a month before and after; None when it is paid for nothing."""
        return monthly_cost(self.assessment.quantities)

    @property
    def counted(self) -> str:
        """How many resources change, and how: "2 created, 1 replaced, 117 unchanged"."""
        assessment = self.assessment
        if assessment.new:
            return f"not deployed yet: {sum(assessment.counts.values())} resources would be created"
        counts = [f"{number} {DONE[operation]}" for operation, number in assessment.counts.items()]
        return ", ".join([*(counts or ["no change"]), f"{assessment.unchanged} unchanged"])


@dataclass(frozen=True)
class Report:
    """All stacks."""

    stacks: tuple[StackReport, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all stacks."""
        found = {item.decision.verdict for item in self.stacks}
        worst: Verdict = "safe"
        for verdict in _VERDICTS:
            worst = verdict if verdict in found else worst
        return worst

    @property
    def headline(self) -> str:
        """The counts behind the verdict, in one line."""
        found = {risk: sum(len(item.findings(risk)) for item in self.stacks) for risk in RISKS}
        if not any(item.assessment.changes.changes or item.assessment.changes.errors for item in self.stacks):
            return "nothing changes"
        risks = ", ".join(f"{number} {risk}" for risk, number in found.items() if number and risk != "cost")
        refused = sum(bool(item.assessment.changes.errors) for item in self.stacks)
        parts = [f"the engine refuses {refused} of {len(self.stacks)} stacks"] if refused else []
        parts += [risks or "no data loss, no downtime, no exposure"]
        return "; ".join(parts)


def by_verdict(report: Report) -> str:
    """Return which stacks are safe and which are not: "prod blocked; dev, staging safe"."""
    parts: list[str] = []
    for verdict in reversed(_VERDICTS):
        names = [item.stack for item in report.stacks if item.decision.verdict == verdict]
        if names:
            parts.append(f"{', '.join(names)} {verdict}")
    return "; ".join(parts)
