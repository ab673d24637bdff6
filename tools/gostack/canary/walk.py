"""A canary's walk from its first clients to all of them, step by step, and back when something speaks against it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures
from tools.gostack.canary.judgement import objection
from tools.gostack.environment.errors import UserError


class Rollout(Protocol):
    """A canary as the walk needs it."""

    def release(self) -> str:
        """Identity of the version that is the canary now."""
        ...

    def shift(self, weight: int) -> None:
        """Send this share of the clients in percent to the canary; raises ShiftError."""
        ...

    def watch(self) -> None:
        """Forget what was measured so far."""
        ...

    def seconds_in_traffic(self, minimum_requests: int) -> float:
        """Time since the canary's first request after `watch`; 0.0 while it had fewer than this many."""
        ...

    def look(self) -> tuple[Figures, Figures]:
        """Figures of the canary and of the stable track since `watch`."""
        ...

    def roll_back(self) -> None:
        """Send everybody to the stable track."""
        ...


class ShiftError(UserError):
    """The weight could not be changed; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """How a walk ended."""

    completed: bool
    reason: str
    """What spoke against the canary; empty when nothing did."""


def walk(
    rollout: Rollout,
    limits: AnalysisSettings,
    wait: Callable[[float], None],
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Take the canary through the steps; `wait` is given seconds, `clock` gives them. Whatever happens, it ends at
    100 % or at 0 %."""
    try:
        reason = _Walk(rollout, limits, wait, tell, clock).steps()
    except ShiftError as error:
        reason = str(error)
    except BaseException:
        tell("the walk was cut off: rolling back")
        rollout.roll_back()
        raise
    if reason:
        tell(f"rolling back: {reason}")
        rollout.roll_back()
    return Outcome(completed=not reason, reason=reason)


@dataclass(frozen=True)
class _Walk:
    rollout: Rollout
    limits: AnalysisSettings
    wait: Callable[[float], None]
    tell: Callable[[str], None]
    clock: Callable[[], float]

    def steps(self) -> str:
        """Return what spoke against the canary; empty when nothing did."""
        position, release = 0, ""
        # Clients have the canary before the update that sends them there has ended: their time counts.
        self.rollout.watch()
        first = True
        while position < len(self.limits.steps):
            weight = self.limits.steps[position]
            self.rollout.shift(weight)
            found = self.rollout.release()
            if found != release and position > 0:
                self.tell("another version became the canary: the walk begins again")
                position, release = 0, found
                continue
            release = found
            self.tell(f"{weight} % of the clients have the canary")
            if first:
                behind = self.rollout.seconds_in_traffic(self.limits.minimum_requests)
            else:
                # What the canary did at another weight, or another version, is not to be judged again.
                behind = 0.0
                self.rollout.watch()
            first = False
            reason, changed = self._step(release, behind)
            if reason:
                return reason
            if changed:
                self.tell("another version became the canary: the walk begins again")
                position, release = 0, self.rollout.release()
                continue
            position += 1
        return ""

    def _step(self, release: str, seconds_behind: float) -> tuple[str, bool]:
        """Return what spoke against the step, and whether another version came in between."""
        due = self.clock() - seconds_behind
        passed = failed = 0
        while passed < self.limits.checks:
            # A look takes its time; the next one is not to be later for it.
            due += self.limits.interval_seconds
            self.wait(max(0.0, due - self.clock()))
            if self.rollout.release() != release:
                return "", True
            canary, stable = self.rollout.look()
            problem = objection(canary, stable, self.limits)
            self.tell(f"  canary: {canary}; stable: {stable}" + (f" — {problem}" if problem else ""))
            passed, failed = (0, failed + 1) if problem else (passed + 1, 0)
            if failed >= self.limits.threshold:
                return problem, False
        return "", False
