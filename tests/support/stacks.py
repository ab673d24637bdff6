"""The published stacks as rules see them, each recorded once in a process, and with one setting changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policy.readers import from_recorded
from policy.resource import Graph
from tests.graph.conftest import dev_graph, staging_graph
from tests.graph.prod import prod_graph
from tests.support.graphs import REMOVED

PROJECT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]
Change = Callable[[Document], Any]

STACKS = {"dev": dev_graph, "staging": staging_graph, "prod": prod_graph}


@cache
def stack_graph(stack: str) -> Graph:
    """What a stack registers, as it is published."""
    return recorded(stack)


def recorded(stack: str, change: Change | None = None) -> Graph:
    """What a stack registers with changed settings; raises SettingsError when they are refused."""
    try:
        recording = STACKS[stack](change)
    except TimeoutError:
        # The recorder gives up after two minutes, which pass too while a machine does something else.
        recording = STACKS[stack](change)
    return from_recorded(recording.resources.values())


@cache
def _published(stack: str) -> Document:
    return yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]


def published(stack: str) -> Document:
    """The configuration of a stack without the namespace of its keys."""
    return {
        key.removeprefix("gostack:"): value
        for key, value in copy.deepcopy(_published(stack)).items()
        if key.startswith("gostack:")
    }


def with_setting(document: Document, path: str, value: Any) -> None:
    """Change one setting by its dotted path. Raises KeyError when there is nothing to take away."""
    current: Any = document
    segments = path.split(".")
    for segment in segments[:-1]:
        current = current[int(segment)] if isinstance(current, list) else current.setdefault(segment, {})
    last: Any = int(segments[-1]) if isinstance(current, list) else segments[-1]
    if value is REMOVED:
        del current[last]
    elif isinstance(current, list) and last == len(current):
        current.append(value)
    else:
        current[last] = value
