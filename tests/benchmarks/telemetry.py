"""`make bench TELEMETRY=1`: requests a second with the telemetry of a stack and without it, in pairs of one run.

Both of a pair are the same stack, brought up with the one setting changed, and the order alternates: what else this
machine does in these minutes is the same for both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.settings.stack_file import read_stack_file, written
from tests.benchmarks.docker import copied, must, quietly
from tests.support.load import Load, Request
from tests.support.load_result import Result
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import Workspace

CONNECTIONS = 32
PORT = 28900
SECONDS, WARM_UP_SECONDS = 30, 10


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack and print a table; return the exit code."""
    pairs: list[tuple[float, float]] = []
    with copied(workspace) as (copy, _):
        for number in range(1, rounds + 1):
            order = (True, False) if number % 2 else (False, True)
            measured = {enabled: _measured(copy, enabled=enabled) for enabled in order}
            pairs.append((measured[True], measured[False]))
            print(f"pair {number} of {rounds}: {_row(*pairs[-1])}", file=sys.stderr, flush=True)
    print(table(pairs))
    return 0


def requests_a_second(result: Result) -> float:
    """Return how many requests were answered as they should be in each second of a load; 0.0 without any."""
    answered = [answer for answer in result.answers if not answer.problem]
    if not answered:
        return 0.0
    return len(answered) / (max(one.ended_at for one in answered) - min(one.sent_at for one in answered))


def table(pairs: Sequence[tuple[float, float]]) -> str:
    """Return requests a second with and without telemetry as text, a line for each pair and one for the medians."""
    rows = [f"{number:>6}  {_row(*pair)}" for number, pair in enumerate(pairs, 1)]
    with_it, without = (statistics.median(column) for column in zip(*pairs, strict=True))
    share = statistics.median(one / other for one, other in pairs)
    return "\n".join(["  pair  requests/s with, without, share", *rows, f"median  {_row(with_it, without, share)}"])


def _row(with_it: float, without: float, share: float | None = None) -> str:
    return f"{with_it:8.0f}  {without:8.0f}  {with_it / without if share is None else share:5.3f}"


def _measured(workspace: Workspace, *, enabled: bool) -> float:
    document = read_stack_file(workspace.stack_file)
    document["config"]["gostack:telemetry"] = {"enabled": True, "port": PORT} if enabled else {"enabled": False}
    workspace.stack_file.write_text(written(document), encoding="utf-8")
    quietly(lambda: must(lifecycle.up(workspace)))
    outputs = workspace.outputs()
    authority, url = write_authority(workspace, outputs), str(outputs["services"]["users"]["url"])
    _load(authority, url, WARM_UP_SECONDS)
    return requests_a_second(_load(authority, url, SECONDS))


def _load(authority: Path, url: str, seconds: float) -> Result:
    with Load(authority, 0, lambda _: Request("GET", url), connections=CONNECTIONS) as load:
        time.sleep(seconds)
    return load.result
