"""Tries mistakes in what stacks register: the rules find them."""

from __future__ import annotations

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
    known = {item.finding.message for item in judge(before, environment) if item.blocks}
    for violation in judge(after, environment):
        if violation.blocks and violation.finding.message not in known:
            return Outcome(mistake, "policy", f"{violation.rule.name}: {violation.finding.message}")
    return Outcome(mistake, None, "")
