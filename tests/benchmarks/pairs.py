"""Requests a second with something and without it, in pairs of one run.

Both of a pair are the same stack, brought up with the one thing changed, and the order alternates: what else this
machine does in these minutes is the same for both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from infra.settings.stack_file import read_stack_file, written
from tests.benchmarks.docker import copied, must, quietly
from tests.support.load import Load, Request
from tests.support.load_result import Result
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace

CONNECTIONS = 32
SECONDS, WARM_UP_SECONDS = 30, 10


def run(
    workspace: Workspace,
    rounds: int,
    change: Callable[[dict[str, Any], bool], None],
    measure: Callable[[Workspace], Mapping[str, float]],
) -> int:
    """Measure a copy of the stack and print a table for each figure of `measure`; return the exit code.

    `change` is given the settings of the stack and whether they are to have what is measured.
    """
    pairs: dict[str, list[tuple[float, float]]] = {}
    with copied(workspace) as (copy, _):
        plain = read_stack_file(copy.stack_file)
        for number in range(1, rounds + 1):
            measured: dict[bool, Mapping[str, float]] = {}
            for enabled in (True, False) if number % 2 else (False, True):
                _bring_up(copy, plain, change, enabled=enabled)
                measured[enabled] = measure(copy)
            for title, with_it in measured[True].items():
                pairs.setdefault(title, []).append((with_it, measured[False][title]))
                print(f"pair {number} of {rounds}, {title}: {_row(*pairs[title][-1])}", file=sys.stderr, flush=True)
    for title, found in pairs.items():
        print(f"{title}\n{table(found)}")
    return 0


def load(authority: Path, urls: Sequence[str]) -> float:
    """Read these in turn, as fast as they are answered, and return how many a second were; not before all is warm."""
    for seconds in (WARM_UP_SECONDS, SECONDS):
        one_after_another: Iterator[str] = cycle(urls)
        with Load(
            authority, 0, lambda _, urls=one_after_another: Request("GET", next(urls)), connections=CONNECTIONS
        ) as running:
            time.sleep(seconds)
    return requests_a_second(running.result)


def requests_a_second(result: Result) -> float:
    """Return how many requests were answered as they should be in each second of a load; 0.0 without any."""
    answered = [answer for answer in result.answers if not answer.problem]
    if not answered:
        return 0.0
    return len(answered) / (max(one.ended_at for one in answered) - min(one.sent_at for one in answered))


def table(pairs: Sequence[tuple[float, float]]) -> str:
    """Return requests a second with it and without as text, a line for each pair and one for the medians."""
    rows = [f"{number:>6}  {_row(*pair)}" for number, pair in enumerate(pairs, 1)]
    with_it, without = (statistics.median(column) for column in zip(*pairs, strict=True))
    share = statistics.median(one / other for one, other in pairs)
    return "\n".join(["  pair  requests/s with, without, share", *rows, f"median  {_row(with_it, without, share)}"])


def _row(with_it: float, without: float, share: float | None = None) -> str:
    return f"{with_it:8.0f}  {without:8.0f}  {with_it / without if share is None else share:5.3f}"


def _bring_up(
    workspace: Workspace,
    plain: Mapping[str, Any],
    change: Callable[[dict[str, Any], bool], None],
    *,
    enabled: bool,
) -> None:
    document = {**plain, "config": dict(plain["config"])}
    change(document["config"], enabled)
    workspace.stack_file.write_text(written(document), encoding="utf-8")
    ensure_stack_images(workspace.project, workspace.settings, Progress())
    quietly(lambda: must(lifecycle.up(workspace)))
