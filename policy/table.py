"""Violations as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from policy.judge import Violation
from policy.resource import Graph
from policy.rule import Environment, Level
from policy.rules import RULES


def table(violations: Sequence[Violation]) -> str:
    """Return violations as a table, the ones that block first; empty without any."""
    rows = [
        (_effect(violation), violation.rule.name, violation.finding.message)
        for violation in sorted(violations, key=lambda item: (not item.blocks, item.exemption is not None))
    ]
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(f"{effect:<{widths[0]}}  {rule:<{widths[1]}}  {message}\n" for effect, rule, message in rows)


def summary(graph: Graph, environment: Environment, violations: Sequence[Violation]) -> str:
    """Return the verdict in a sentence."""
    blocking = sum(violation.blocks for violation in violations)
    exempt = sum(violation.exemption is not None for violation in violations)
    told = len(violations) - blocking - exempt
    rules = sum(environment in rule.environments for rule in RULES)
    verdict = "blocked" if blocking else "passed"
    return (
        f"{verdict}: {len(graph)} resources judged by {rules} rules as {environment}: {blocking} mandatory violations, "
        f"{told} advisory ones, {exempt} exempt."
    )


def catalogue() -> str:
    """Return every rule with its level and its environments, as a table."""
    width = max(len(rule.name) for rule in RULES)
    return "".join(
        f"{rule.name:<{width}}  {rule.level:<9}  {_where(rule.environments):<18}  {rule.description}\n"
        for rule in RULES
    )


def _where(environments: frozenset[Environment]) -> str:
    return "everywhere" if len(environments) == len(Environment) else ", ".join(sorted(environments))


def _effect(violation: Violation) -> str:
    if violation.exemption is not None:
        return "exempt"
    return "mandatory" if violation.rule.level is Level.MANDATORY else "advisory"
