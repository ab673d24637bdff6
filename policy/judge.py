"""Judges a graph by the rules, with the exemptions that the project grants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from policy.exemptions import EXEMPTIONS, Exemption
from policy.resource import Graph
from policy.rule import Environment, Finding, Level, Rule
from policy.rules import RULES


@dataclass(frozen=True)
class Violation:
    """A finding, and what it does."""

    rule: Rule
    finding: Finding
    exemption: Exemption | None = None
    """What excuses it; None where nothing does."""

    @property
    def blocks(self) -> bool:
        """Whether it stops an update."""
        return self.rule.level is Level.MANDATORY and self.exemption is None


def judge(
    graph: Graph,
    environment: Environment,
    *,
    rules: Iterable[Rule] = RULES,
    exemptions: Iterable[Exemption] = EXEMPTIONS,
    today: date | None = None,
) -> list[Violation]:
    """Return what the rules find in a graph, in the order of the rules.

    An exemption that has ended by `today` (UTC; None for the day on which this runs) excuses nothing.
    """
    day = today or date.today()
    granted = [exemption for exemption in exemptions if exemption.until >= day]
    return [
        Violation(rule, finding, next((item for item in granted if item.covers(rule.name, finding)), None))
        for rule in rules
        for finding in rule.judge(graph, environment)
    ]
