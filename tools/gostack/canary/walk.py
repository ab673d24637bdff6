"""A canary's walk from its first clients to all of them, step by step, and back when something speaks against it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Sample
from tools.gostack.canary.judgement import TRACKS, Names, fault, too_few
from tools.gostack.environment.errors import UserError

LATE_SECONDS = 10
"""Time in seconds after which metrics that do not reach to the moment of a look are no data."""

_POLL_SECONDS = 0.5


class Rollout(Protocol):
    """A canary as the walk needs it."""

    def release(self) -> str:
        """Identity of the version that is the canary now."""
        ...

    def shift(self, weight: int) -> None:
        """Send this share of the clients in percent to the canary; raises ShiftError."""
        ...

    def watch(self) -> float:
        """Forget what was measured so far, and return the time in seconds until it is kept apart from what follows."""
        ...

    def seconds_in_traffic(self) -> float:
        """Time since the canary's first request after `watch`; 0.0 without any."""
        ...

    def sample(self) -> Sample:
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


def with_the_time(clock: Callable[[], float] = time.monotonic) -> Callable[[str], None]:
    """Return what prints steps in words, each with the seconds since now."""
    began = clock()
    return lambda text: print(f"[{clock() - began:6.1f}s] {text}", flush=True)


def walk(
    rollout: Rollout,
    limits: AnalysisSettings,
    wait: Callable[[float], None],
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    names: Names = TRACKS,
) -> Outcome:
    """Take the canary through the steps; `wait` is given seconds, `clock` gives them, `names` are what is told of.
    Whatever happens, it ends at 100 % or at 0 %."""
    try:
        reason = _Walk(rollout, limits, wait, tell, clock, names).steps()
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
    names: Names

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
                self.tell(f"another version became the {self.names.canary}: the walk begins again")
                position, release = 0, found
                continue
            release = found
            self.tell(f"{weight} % of the clients have the {self.names.canary}")
            # What the canary did at another weight, or another version, is not to be judged again.
            behind = self._seconds_in_traffic() if first else -self.rollout.watch()
            first = False
            reason, changed = self._step(release, behind)
            if reason:
                return reason
            if changed:
                self.tell(f"another version became the {self.names.canary}: the walk begins again")
                position, release = 0, self.rollout.release()
                continue
            position += 1
        return ""

    def _seconds_in_traffic(self) -> float:
        """Time since the first clients had the canary; 0.0 while it had too few requests to be judged."""
        minimum = self.limits.minimum_requests
        sample, _ = self._sampled(self.clock(), minimum)
        return self.rollout.seconds_in_traffic() if sample.canary.requests >= minimum else 0.0

    def _step(self, release: str, seconds_behind: float) -> tuple[str, bool]:
        """Return what spoke against the step, and whether another version came in between."""
        began = due = self.clock() - seconds_behind
        passed = failed = 0
        while passed < self.limits.checks:
            # A look takes its time; the next one is not to be later for it.
            due += self.limits.interval_seconds
            self.wait(max(0.0, due - self.clock()))
            if self.rollout.release() != release:
                return "", True
            patient = due - began < self.limits.quiet_seconds
            minimum = self.limits.minimum_requests if patient or not self.limits.quiet_seconds else 1
            sample, problem = self._sampled(due, minimum)
            lack = too_few(sample.canary, sample.stable, minimum, self.names)
            text = problem or lack
            figures = f"{self.names.canary}: {sample.canary}; {self.names.stable}: {sample.stable}"
            self.tell(f"  {figures}" + (f" — {text}" if text else ""))
            if lack and not problem and patient:
                continue
            passed, failed = (0, failed + 1) if text else (passed + 1, 0)
            if failed >= self.limits.threshold:
                return text, False
        return "", False

    def _sampled(self, moment: float, minimum: int) -> tuple[Sample, str]:
        """Return the figures of a moment, and what is wrong with them.

        What is wrong with a canary is known at once; that nothing is, only when the metrics reach to the moment.
        """
        while True:
            late = self.clock() - moment
            sample = self.rollout.sample()
            enough = sample.canary.requests >= minimum
            wrong = fault(sample.canary, sample.stable, self.limits, self.names) if enough else ""
            if wrong or late >= sample.age_seconds:
                return sample, wrong
            if late >= LATE_SECONDS:
                return sample, f"no data: {sample.gap or f'the metrics end {sample.age_seconds:.0f} s ago'}"
            self.wait(_POLL_SECONDS)
