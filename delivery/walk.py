"""A canary's walk from its first clients to all of them, step by step, and back when something speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from delivery.figures import Figures
from delivery.judgement import objection
from infra.settings.canary import AnalysisSettings


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

    def look(self) -> tuple[Figures, Figures]:
        """Figures of the canary and of the stable track since `watch`."""
        ...

    def roll_back(self) -> None:
        """Send everybody to the stable track."""
        ...


class ShiftError(RuntimeError):
    """The weight could not be changed; the text says why."""


@dataclass(frozen=True)
class Outcome:
    """How a walk ended."""

    completed: bool
    reason: str
    """What spoke against the canary; empty when nothing did."""


def walk(
    rollout: Rollout, limits: AnalysisSettings, wait: Callable[[float], None], tell: Callable[[str], None]
) -> Outcome:
    """Take the canary through the steps; `wait` is given seconds. Whatever happens, it ends at 100 % or at 0 %."""
    try:
        reason = _steps(rollout, limits, wait, tell)
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


def _steps(
    rollout: Rollout, limits: AnalysisSettings, wait: Callable[[float], None], tell: Callable[[str], None]
) -> str:
    position, release = 0, ""
    while position < len(limits.steps):
        weight = limits.steps[position]
        rollout.shift(weight)
        found = rollout.release()
        if found != release and position > 0:
            tell("another version became the canary: the walk begins again")
            position, release = 0, found
            continue
        release = found
        tell(f"{weight} % of the clients have the canary")
        reason, changed = _step(rollout, limits, release, wait, tell)
        if reason:
            return reason
        if changed:
            tell("another version became the canary: the walk begins again")
            position, release = 0, rollout.release()
            continue
        position += 1
    return ""


def _step(
    rollout: Rollout,
    limits: AnalysisSettings,
    release: str,
    wait: Callable[[float], None],
    tell: Callable[[str], None],
) -> tuple[str, bool]:
    """Return what spoke against the step, and whether another version came in between."""
    rollout.watch()
    passed = failed = 0
    while passed < limits.checks:
        wait(limits.interval_seconds)
        if rollout.release() != release:
            return "", True
        canary, stable = rollout.look()
        problem = objection(canary, stable, limits)
        tell(f"  canary: {canary}; stable: {stable}" + (f" — {problem}" if problem else ""))
        passed, failed = (0, failed + 1) if problem else (passed + 1, 0)
        if failed >= limits.threshold:
            return problem, False
    return "", False
