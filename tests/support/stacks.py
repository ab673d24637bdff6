"""The published stacks as rules see them, each recorded once in a process, and with one setting changed."""

from __future__ import annotations

from functools import cache

from policy.readers import from_recorded
from policy.resource import Graph
from tests.graph.conftest import dev_graph, published_graph, staging_graph
from tests.graph.prod import prod_graph
from tests.support.settings import Change

STACKS = {"dev": dev_graph, "staging": staging_graph, "prod": prod_graph}


@cache
def stack_graph(stack: str) -> Graph:
    """What a stack registers, as it is published."""
    return from_recorded(published_graph(stack).resources.values())


def recorded(stack: str, change: Change | None = None) -> Graph:
    """What a stack registers with changed settings; raises SettingsError when they are refused."""
    try:
        recording = STACKS[stack](change)
    except TimeoutError:
        # The recorder gives up after two minutes, which pass too while a machine does something else.
        recording = STACKS[stack](change)
    return from_recorded(recording.resources.values())
