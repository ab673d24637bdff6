"""The published stacks pass every rule.

Does not prove what a provider makes of the inputs: a default that AWS or the engine adds is not in a recording.
"""

from __future__ import annotations

from policy.judge import judge
from policy.readers import from_recorded
from policy.rule import Environment
from tests.graph.recorder import Graph as Recording


def test_dev_passes_every_rule(dev: Recording) -> None:
    violations = judge(from_recorded(dev.resources.values()), Environment.DEV)
    assert [violation.finding.message for violation in violations if violation.exemption is None] == []
