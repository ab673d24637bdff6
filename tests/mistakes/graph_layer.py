"""Tries mistakes in what stacks register: the rules find them."""

from __future__ import annotations

from functools import cache

from policy.judge import judge
from policy.rule import Environment
from tests.mistakes.model import REMOVED, GraphMistake, Outcome
from tests.mistakes.stacks import stack_graph
from tests.support import graphs


def outcome(mistake: GraphMistake) -> Outcome:
    """Return what becomes of a wrong property."""
    before = stack_graph(mistake.stack)
    environment = Environment(mistake.stack)
    if mistake.path:
        value = graphs.REMOVED if mistake.value == REMOVED else mistake.value
        after = graphs.changed(before, mistake.resource, mistake.path, value)
    else:
        after = graphs.without(before, mistake.resource)
    known = _known(mistake.stack)
    for violation in judge(after, environment):
        if violation.blocks and violation.finding.message not in known:
            return Outcome(mistake, "policy", f"{violation.rule.name}: {violation.finding.message}")
    return Outcome(mistake, None, "")


@cache
def _known(stack: str) -> frozenset[str]:
    """What the rules find in a stack as it is published."""
    found = judge(stack_graph(stack), Environment(stack))
    return frozenset(item.finding.message for item in found if item.blocks)
