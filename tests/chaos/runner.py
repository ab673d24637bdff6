"""Runs a drill: load, fault, clean-up, `make up`, then the ledger and the criteria."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.chaos import ledger, probe
from tests.chaos.model import Criterion, Drill, LoadPlan
from tests.chaos.scene import Scene
from tests.support.load import Load
from tests.support.load_result import Result, merged

NEW_CONNECTIONS = "HTTP/1.1, new connections"

END_SECONDS = 5.0

_NOTICEABLE_SECONDS = 0.02
"""Below this, a busy machine alone makes the difference between two times."""


@dataclass
class Outcome:
    """What came out of a drill."""

    drill: Drill
    figures: dict[str, float] = field(default_factory=dict[str, float])
    loads: dict[str, Result] = field(default_factory=dict[str, Result])
    """The answers of each load, by its name."""

    problems: list[str] = field(default_factory=list[str])
    """What failed beside the criteria: the drill itself, its clean-up, `make up`, the preview, the ledger."""

    refused: str = ""
    """Why the drill did not run here; empty when it did."""

    @property
    def missed(self) -> list[Criterion]:
        """The criteria that are not met."""
        return [] if self.refused else [one for one in self.drill.criteria if not one.met(self.figures)]

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be; a drill that was refused has not failed."""
        return not self.problems and not self.missed

    @property
    def causes(self) -> Counter[str]:
        """How often each problem happened to a request."""
        return merged(self.loads.values()).causes


def run(drill: Drill, scene: Scene, rate: int | None = None) -> Outcome:
    """Run a drill on a stack that is up and whole; `rate` (requests a second) replaces the drill's own."""
    outcome = Outcome(drill, refused=drill.reason_against(scene))
    if outcome.refused:
        return outcome
    try:
        _attempt(outcome, "the drill", lambda: _act(drill, scene, rate, outcome))
    finally:
        # Also when somebody ends the run: a fault must not stay.
        _attempt(outcome, "its clean-up", lambda: drill.clean_up(scene))
    _attempt(outcome, "afterwards", lambda: _make_whole(scene, outcome))
    _attempt(outcome, "the ledger", lambda: _settle(scene, outcome))
    _attempt(outcome, "the verification", lambda: drill.verify(scene))
    outcome.figures |= measure(outcome.loads, scene.fault_at) | scene.observations
    return outcome


def measure(loads: dict[str, Result], fault_at: float) -> dict[str, float]:
    """The figures that answers give."""
    everything = merged(loads.values())
    last = max((answer.sent_at for answer in everything.answers), default=0.0)
    reads = [answer for answer in everything.answers if answer.method == "GET"]
    failed_reads = sum(bool(answer.problem) for answer in reads)
    before, after = (
        Result([one for one in everything.answers if (one.sent_at < fault_at) is earlier]).percentile(0.99)
        for earlier in (True, False)
    )
    late = [answer.ended_at - fault_at for answer in everything.failures]
    return {
        "sent": everything.sent,
        "failed": len(everything.failures),
        "failed_reads": failed_reads,
        "read_success": 1 - failed_reads / len(reads) if reads else 0.0,
        "p99_growth": after / max(before, _NOTICEABLE_SECONDS),
        "failed_at_the_end": sum(answer.sent_at > last - END_SECONDS for answer in everything.failures),
        "outage": max((part.longest_outage for part in _kinds(loads)), default=0.0),
        "failure_span": everything.failure_span,
        "slowest": everything.slowest,
        # What failed and had ended before the cause was gone has nothing to recover from.
        "recovered": max([0.0, *late]),
    }


def _kinds(loads: dict[str, Result]) -> list[Result]:
    """Reads and writes of each load apart: reads that go on must not hide that no write does."""
    return [
        Result([answer for answer in result.answers if answer.method == method])
        for result in loads.values()
        for method in ("GET", "POST")
    ]


def _act(drill: Drill, scene: Scene, rate: int | None, outcome: Outcome) -> None:
    drill.prepare(scene)
    scene.seed()
    loads = start_loads(drill.load, scene, rate)
    try:
        with ExitStack() as running:
            for load in loads.values():
                running.enter_context(load)
            time.sleep(drill.load.before_seconds)
            scene.strike()
            drill.act(scene)
            time.sleep(drill.load.after_seconds)
    finally:
        outcome.loads = {name: load.result for name, load in loads.items()}


def start_loads(plan: LoadPlan, scene: Scene, rate: int | None) -> dict[str, Load]:
    """The loads of a plan by their names, not yet running."""
    lost = [scene.doomed_region] if plan.surviving_entries_only else []
    entries = [scene.entry(region) for region in scene.regions if region not in lost]
    authority = scene.stack.authority
    loads = {
        protocol: Load(
            authority, rate or plan.rate, partial(scene.request, entries, str(index)), http2=protocol == "HTTP/2"
        )
        for index, protocol in enumerate(plan.protocols)
    }
    if plan.new_connections:
        requests = partial(scene.request, entries, "new")
        loads[NEW_CONNECTIONS] = Load(authority, plan.new_connections, requests, keepalive=False)
    if plan.probe_rate:
        asked = [probe.entry(scene, region) for region in scene.regions if region not in lost]
        loads[probe.SERVICE] = Load(authority, plan.probe_rate, partial(probe.request, asked))
    return loads


def _make_whole(scene: Scene, outcome: Outcome) -> None:
    outcome.figures["up"] = scene.up()
    changes = scene.stack.preview_changes()
    if changes:
        outcome.problems.append(f"a preview after `make up` is not empty: {changes.strip()[-500:]}")


def _settle(scene: Scene, outcome: Outcome) -> None:
    promised = ledger.acknowledged(merged(outcome.loads.values()))
    result = ledger.balance(promised, scene.written_rows())
    outcome.figures |= {"acknowledged": result.acknowledged, "lost": len(result.lost)}
    if result.lost:
        outcome.problems.append(f"acknowledged rows are lost, the first of them: {', '.join(result.lost[:5])}")


def _attempt(outcome: Outcome, what: str, step: Callable[[], None]) -> None:
    """Do a step; what goes wrong is a problem of the drill and no reason to leave out the steps after it."""
    try:
        step()
    except Exception as error:  # noqa: BLE001  # a drill is about what nobody foresaw
        outcome.problems.append(f"{what}: {type(error).__name__}: {error}")
