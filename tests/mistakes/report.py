"""What became of the mistakes, as a table for a terminal and as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.mistakes.model import LAYERS, Outcome, place

COMMAND = "python -m tests.mistakes --write"


def counts(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Layer to the number of mistakes that it caught; `nothing` for survivors."""
    return Counter(outcome.layer or "nothing" for outcome in outcomes)


def verdict(outcomes: Sequence[Outcome]) -> str:
    """The result in a sentence."""
    found = counts(outcomes)
    caught = len(outcomes) - found["nothing"]
    by_layer = ", ".join(f"{layer} {found[layer]}" for layer in LAYERS)
    return f"{caught} of {len(outcomes)} mistakes caught: {by_layer}; {found['nothing']} survived."


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a mistake."""
    rows = [(outcome.layer or "SURVIVED", outcome.mistake.title, place(outcome.mistake)) for outcome in outcomes]
    width = max(len(title) for _, title, _ in rows)
    return "".join(f"{layer:<9} {title:<{width}}  {where}\n" for layer, title, where in rows)


def page(outcomes: Sequence[Outcome], day: str) -> str:
    """The page docs/mistakes.md."""
    survivors = [outcome for outcome in outcomes if outcome.layer is None]
    lines = [
        "# Seeded mistakes",
        "",
        f"Written by `{COMMAND}` on {day}; do not edit. A mistake is one wrong line in a stack file, in the program,",
        "or in what a stack registers. The layer is the first that refuses it: pyright (types), the settings model, a",
        "test of the suite, or a mandatory rule of `policy/`. Pyright accepts the program without any in the same run,",
        "and a violation that a stack has without the mistake does not count.",
        "",
        f"**{verdict(outcomes)}**",
        "",
        "## Survivors",
        "",
    ]
    lines += [f"* {outcome.mistake.title} ({place(outcome.mistake)})." for outcome in survivors] or ["None."]
    lines += ["", "## All", "", "| caught by | mistake | where | what was said |", "|---|---|---|---|"]
    lines += [
        "| {} | {} | `{}` | {} |".format(
            outcome.layer or "**nothing**", outcome.mistake.title, place(outcome.mistake), _cell(outcome.evidence)
        )
        for outcome in outcomes
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= 160 else f"{line[:159]}…"
