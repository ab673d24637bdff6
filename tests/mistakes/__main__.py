"""`python -m tests.mistakes`: tries every seeded mistake, prints a table, and writes docs/mistakes.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.mistakes import graph_layer, settings_layer, source_layer
from tests.mistakes.catalogue import MISTAKES
from tests.mistakes.model import GraphMistake, Mistake, Outcome, SettingsMistake, SourceMistake
from tests.mistakes.report import page, table, verdict
from tests.mistakes.stacks import PROJECT


def tried(mistakes: Sequence[Mistake]) -> list[Outcome]:
    """What became of each mistake, in the order of the catalogue."""
    sources = [mistake for mistake in mistakes if isinstance(mistake, SourceMistake)]
    of_sources = {outcome.mistake: outcome for outcome in source_layer.outcomes(sources)} if sources else {}
    outcomes: list[Outcome] = []
    for mistake in mistakes:
        match mistake:
            case SettingsMistake():
                outcome = settings_layer.outcome(mistake)
            case GraphMistake():
                outcome = graph_layer.outcome(mistake)
            case SourceMistake():
                outcome = of_sources[mistake]
        outcomes.append(outcome)
        sys.stderr.write(f"{len(outcomes)}/{len(mistakes)} {outcome.layer or 'SURVIVED'}: {mistake.title}\n")
    return outcomes


def main(arguments: Sequence[str]) -> int:
    """Try all; exit with 1 when one of them is caught by nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.mistakes")
    parser.add_argument("--write", action="store_true", help="write docs/mistakes.md")
    options = parser.parse_args(arguments)
    outcomes = tried(MISTAKES)
    sys.stdout.write(f"{table(outcomes)}\n{verdict(outcomes)}\n")
    if options.write:
        document = page(outcomes, datetime.now(UTC).date().isoformat())
        (PROJECT / "docs" / "mistakes.md").write_text(document, encoding="utf-8")
    return 0 if all(outcome.layer is not None for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
