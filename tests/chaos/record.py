"""What is kept of a drill's run, so that one drill can be run again and the table still has them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.chaos.model import FIGURES
from tests.chaos.runner import Outcome


@dataclass(frozen=True)
class Circumstances:
    """When, where and how a drill was run."""

    time: str
    """Date and time, UTC."""

    revision: str
    """Commit of the checkout; with a plus sign when files were changed."""

    load: str
    """The requests a second, in words."""

    machine: str
    """Cores, memory, and how busy it was."""


@dataclass(frozen=True)
class Record:
    """One run of a drill."""

    name: str
    purpose: str
    criteria: tuple[str, ...]
    figures: dict[str, float]
    verdict: str
    """`yes`, `no: …` with what was missed, or `not run`."""

    details: tuple[str, ...]
    """What stands behind the row, a sentence each."""

    circumstances: Circumstances

    @classmethod
    def of(cls, outcome: Outcome, circumstances: Circumstances) -> Record:
        """Keep what the table tells of an outcome."""
        return cls(
            name=outcome.drill.name,
            purpose=outcome.drill.purpose,
            criteria=tuple(str(criterion) for criterion in outcome.drill.criteria),
            figures=outcome.figures,
            verdict=_verdict(outcome),
            details=tuple(_details(outcome)),
            circumstances=circumstances,
        )

    def write(self, folder: Path) -> None:
        """Keep it in a folder, in place of an earlier one of the same drill."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_bytes(_FORMAT.dump_json(self, indent=2))


_FORMAT = TypeAdapter(Record)


def read_records(folder: Path, names: Sequence[str]) -> list[Record]:
    """The kept records of these drills, in this order; a drill that has none is left out."""
    files = [folder / f"{name}.json" for name in names]
    return [_FORMAT.validate_json(file.read_bytes()) for file in files if file.is_file()]


def _verdict(outcome: Outcome) -> str:
    if outcome.refused:
        return "not run"
    if outcome.passed:
        return "yes"
    missed = [str(criterion) for criterion in outcome.missed]
    return "no: " + ", ".join(missed + (["see below"] if outcome.problems else []))


def _details(outcome: Outcome) -> list[str]:
    if outcome.refused:
        return [f"Not run: {outcome.refused}"]
    told = [f"{name}: {result}" for name, result in outcome.loads.items()]
    told += [
        f"{name.replace('_', ' ')}: {_number(value)}" for name, value in outcome.figures.items() if name not in FIGURES
    ]
    told += [f"**not met**: {criterion}" for criterion in outcome.missed]
    return told + [f"**problem**: {' '.join(problem.split())}" for problem in outcome.problems]


def _number(value: float) -> str:
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.3f}"
