"""The form of an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy.resource import Graph
from policy.rule import Environment


@dataclass(frozen=True)
class Example:
    """What a rule accepts and what it refuses."""

    good: Graph
    bad: Mapping[str, Graph]
    """What is wrong, to the graph with it."""

    environment: Environment = Environment.PROD
