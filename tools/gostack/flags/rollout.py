"""`gostack flags walk`: a variant goes to all callers step by step, or back when its metrics speak against it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from infra.settings.canary import AnalysisSettings
from tools.gostack.canary.figures import Figures, Sample
from tools.gostack.canary.judgement import Names
from tools.gostack.canary.walk import ShiftError, walk, with_the_time
from tools.gostack.environment.errors import UserError
from tools.gostack.flags import rules
from tools.gostack.flags.change import change, read
from tools.gostack.flags.command import told_missing
from tools.gostack.flags.document import Flag, dumped, flag_of
from tools.gostack.flags.figures import SCRAPED_SECONDS, VariantMetrics
from tools.gostack.flags.store import FlagStore, StoreError
from tools.gostack.telemetry.console import TelemetryError


class FlagRollout:
    """A variant of a flag on its way. Its share is in the document: replicas follow within two seconds."""

    def __init__(
        self,
        store: FlagStore,
        name: str,
        variant: str | None,
        metrics: VariantMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise UserError where the flag cannot be walked; without a variant, it is the only one beside the default."""
        regions = read(store)
        if regions.problems:
            raise StoreError(told_missing(regions.problems, regions.newest.document.version))
        flag = regions.newest.document.flags.get(name)
        if flag is None:
            raise UserError(f'{store.service} has no flag "{name}": see `gostack flags list {store.service}`.')
        self._before, self._written = flag, flag
        self._store, self._name, self._variant = store, name, _chosen(name, flag, variant)
        self._rules = _walkable(name, flag, self._variant)
        self._metrics, self._clock, self._since = metrics, clock, clock()

    def release(self) -> str:
        """Identity of the variant that is walked; raises ShiftError when somebody else has changed the flag."""
        try:
            found = read(self._store).newest.document.flags.get(self._name)
        except StoreError as error:
            raise ShiftError(str(error)) from error
        if found != self._written:
            raise ShiftError(f"somebody else has changed {self._name} meanwhile")
        return f"{self._name}={self._variant}"

    def shift(self, weight: int) -> None:
        """Give this share of the callers in percent the variant; raises ShiftError."""
        default = self._before.default_variant
        shares = {self._variant: weight, default: 100 - weight}
        if weight == 100:
            # The last step: the variant is everybody's, also where nobody knows who asks.
            default, shares = self._variant, {}
        now = rules.Rules(targets=self._rules.targets, shares=shares)
        values = {**dumped(self._before), "defaultVariant": default, "targeting": now.targeting(default)}
        try:
            missing = self._write(flag_of(values), f"walked: {self._variant} {weight} %")
        except UserError as error:
            raise ShiftError(str(error)) from error
        if missing:
            raise ShiftError(missing)

    def watch(self) -> float:
        """Forget what was measured so far and what is scraped with it, and return the time in seconds until it is."""
        self._since = self._clock() + SCRAPED_SECONDS
        return SCRAPED_SECONDS

    def seconds_in_traffic(self) -> float:
        """Nothing is counted yet: a change is in force at once, and its requests are scraped later."""
        return 0.0

    def sample(self) -> Sample:
        """Figures of the variant and of the default one since `watch`, as far as they are scraped; what is not is in
        the next ones."""
        seconds = self._clock() - self._since
        if seconds <= 0:
            return Sample(gap="nothing is measured yet")
        try:
            found = self._metrics.figures(seconds)
        except TelemetryError as error:
            return Sample(gap=str(error))
        variants = [found.get(name, Figures()) for name in (self._variant, self._before.default_variant)]
        return Sample(*variants, age_seconds=0.0)

    def roll_back(self) -> None:
        """Give the flag the definition from before the walk, unless somebody else has changed it; raises UserError."""
        missing = self._write(self._before, f"walked: {self._variant} is taken back")
        if missing:
            raise StoreError(missing)

    def _write(self, flag: Flag, what: str) -> str:
        """Write a definition; return what is missing."""

        def made(before: Flag | None) -> Flag:
            if before not in (self._written, flag):
                raise UserError(f"somebody else has changed {self._name} meanwhile: it stays as it is.")
            return flag

        document, missing = change(self._store, self._name, what, made)
        self._written = flag
        return told_missing(missing, document.version)


def walk_flag(
    rollout: FlagRollout,
    limits: AnalysisSettings,
    name: str,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Walk a variant to all callers; return 0, or 1 after it was taken back."""
    outcome = walk(rollout, limits, wait, with_the_time(clock), clock, Names("variant", "default"))
    if not outcome.completed:
        print(f"{name}: taken back, everybody has what was before: {outcome.reason}", file=sys.stderr)
        return 1
    print(f"{name}: everybody has the variant")
    return 0


def _chosen(name: str, flag: Flag, wanted: str | None) -> str:
    others = [variant for variant in flag.variants if variant != flag.default_variant]
    if wanted is None and len(others) == 1:
        return others[0]
    known = ", ".join(sorted(others)) or "none"
    if wanted is None:
        raise UserError(f"which variant of {name}? Use --variant with one of {known}.")
    if wanted not in others:
        raise UserError(
            f'"{wanted}" is the default of {name}, or none of its variants: there is nothing to walk. '
            f"Use one of {known}."
        )
    return wanted


def _walkable(name: str, flag: Flag, variant: str) -> rules.Rules:
    found = rules.read(flag.targeting, flag.default_variant)
    if flag.state != "ENABLED":
        raise UserError(f"{name} is off: switch it on first, with `--on`.")
    if found is None or found.begin or found.end or found.shares.keys() - {variant, flag.default_variant}:
        raise UserError(
            f"{name} has a schedule, shares of other variants, or rules that were written by hand: walk it without "
            "(`gostack flags set … --clear`)."
        )
    return found
