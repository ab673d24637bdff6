"""Judges stacks of the copy of the project in which this is run: prints the first violation and exits with 1."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from policy.judge import judge
from policy.rule import Environment
from tests.mistakes.stacks import stack_graph


def main(stacks: Sequence[str]) -> int:
    """Return 1 for the first mandatory violation of these stacks; a program that cannot be run raises."""
    for stack in stacks:
        for violation in judge(stack_graph(stack), Environment(stack)):
            if violation.blocks:
                print(f"{violation.rule.name}: {violation.finding.message}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
