"""The published stacks pass every mandatory rule, and what they are excused from is still there.

Does not prove what a provider makes of the inputs: a default that AWS or the engine adds is not in a recording.
"""

from __future__ import annotations

from collections import Counter

import pytest

from policy.exemptions import EXEMPTIONS
from policy.judge import Violation, judge
from policy.rule import Environment
from tests.support.stacks import STACKS, stack_graph

ADVICE = {"dev": {}, "staging": {"rehearsed-image": 10}, "prod": {}}
"""Stack to the advisory rules that it does not follow, and how often: staging names upstream images by version."""


def violations(stack: str) -> list[Violation]:
    return judge(stack_graph(stack), Environment(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_passes_every_mandatory_rule(stack: str) -> None:
    assert [violation.finding.message for violation in violations(stack) if violation.blocks] == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_advice_that_a_stack_does_not_follow_is_known(stack: str) -> None:
    told = Counter(
        violation.rule.name for violation in violations(stack) if not violation.blocks and violation.exemption is None
    )
    assert told == ADVICE[stack]


def test_every_exemption_excuses_something() -> None:
    used = {violation.exemption for stack in STACKS for violation in violations(stack)}
    assert [exemption for exemption in EXEMPTIONS if exemption not in used] == []
