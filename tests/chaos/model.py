"""What a drill is: a fault or a change, the load it happens under, and what must be true of the measured figures."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.chaos.scene import Scene

Protocol = Literal["HTTP/1.1", "HTTP/2"]
Comparison = Literal["==", "<", ">="]

FIGURES = {
    "sent": "requests sent",
    "failed": "requests without an answer, or with a status of 400 or more",
    "failed_reads": "of these, reads",
    "read_success": "share of the reads that were answered with success",
    "p99_growth": "how many times longer than before the fault 99 % of the requests took at most, those of 20 ms and "
    "less counting as 20 ms",
    "failed_at_the_end": "of these, requests of the last five seconds",
    "outage": "longest time in seconds in which every request of one kind (reading or writing, one protocol) failed",
    "failure_span": "time in seconds from the first request that failed to the end of the last",
    "slowest": "longest time in seconds until an answer",
    "acknowledged": "writes that were answered with success",
    "lost": "acknowledged writes whose row is not in the table afterwards",
    "recovered": "time in seconds from the fault until the last failed request had ended",
    "up": "time in seconds of the `make up` that makes the stack whole again",
}
"""The figures that every drill measures; a drill may observe others."""

_COMPARISONS: dict[Comparison, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Criterion:
    """What must be true of one figure."""

    figure: str
    comparison: Comparison
    bound: float

    def met(self, figures: Mapping[str, float]) -> bool:
        """Whether it is true of these figures; a figure that was not measured meets nothing."""
        return self.figure in figures and _COMPARISONS[self.comparison](figures[self.figure], self.bound)

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison} {self.bound:g}"


@dataclass(frozen=True)
class LoadPlan:
    """The load of a drill: four reads to a write, each write with an idempotency key of its own."""

    protocols: tuple[Protocol, ...] = ("HTTP/1.1", "HTTP/2")
    """One load over each, all at the same time, with kept connections."""

    rate: int = 100
    """Requests a second over each protocol: over two of them 200 together."""

    new_connections: int = 0
    """Requests a second over HTTP/1.1, each on a new connection, beside the others."""

    probe_rate: int = 0
    """Requests a second over HTTP/1.1 to the service `probe`, beside the others."""

    surviving_entries_only: bool = False
    """True sends nothing to the ingress of the region that `Scene.doomed_region` names."""

    before_seconds: float = 2.0
    """Time under load before the fault."""

    after_seconds: float = 8.0
    """Time under load after it."""


def nothing(_: Scene) -> None:
    """Do nothing."""


def runs_anywhere(_: Scene) -> str:
    """No reason against."""
    return ""


NO_FAILED_REQUEST = Criterion("failed", "==", 0)
NO_ROW_LOST = Criterion("lost", "==", 0)
LESS_THAN_A_SECOND_OF_ERRORS = Criterion("failure_span", "<", 1)


@dataclass(frozen=True)
class Drill:
    """One drill of the catalogue."""

    name: str
    """How it is called on the command line."""

    purpose: str
    """What happens, in one sentence."""

    act: Callable[[Scene], None]
    """The fault or the change, under load."""

    criteria: tuple[Criterion, ...]
    """What must be true afterwards; that `make up` converges and a preview is empty is asked of every drill."""

    load: LoadPlan = field(default_factory=LoadPlan)
    """The load under which it happens."""

    services: tuple[str, ...] = ()
    """Services of the drills' settings that it needs beside users: a stack has those of the drills that are run."""

    prepare: Callable[[Scene], None] = nothing
    """What has to be so before; not under load."""

    verify: Callable[[Scene], None] = nothing
    """Observes what is asked of the stack after `make up`."""

    clean_up: Callable[[Scene], None] = nothing
    """Takes the fault back, before `make up`; runs whatever happened."""

    reason_against: Callable[[Scene], str] = runs_anywhere
    """Why the drill cannot run here, in one sentence; empty when it can."""
