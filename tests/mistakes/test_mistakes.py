"""The part of the seeded mistakes that needs seconds: stack files against the settings, properties against the rules.

Does not prove what pyright and the tests of the suite say of the mistakes in the program: `make mistakes` runs those.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mistakes import graph_layer, settings_layer
from tests.mistakes.__main__ import LEAST_CAUGHT
from tests.mistakes.catalogue import MISTAKES
from tests.mistakes.model import GraphMistake, Outcome, SettingsMistake, SourceMistake
from tests.mistakes.report import page, verdict
from tests.mistakes.source_layer import changed
from tests.mistakes.stacks import PROJECT

OF_PROPERTIES = [mistake for mistake in MISTAKES if isinstance(mistake, GraphMistake)]
OF_SETTINGS = [mistake for mistake in MISTAKES if isinstance(mistake, SettingsMistake)]
OF_SOURCE = [mistake for mistake in MISTAKES if isinstance(mistake, SourceMistake)]


def test_there_are_at_least_a_hundred_different_mistakes_over_all_stacks() -> None:
    assert len(MISTAKES) >= 100
    assert [title for title, count in Counter(mistake.title for mistake in MISTAKES).items() if count > 1] == []
    assert {mistake.stack for mistake in OF_PROPERTIES} == {"dev", "staging", "prod"}
    assert {mistake.stack for mistake in OF_SETTINGS} == {"dev", "staging", "prod"}


@pytest.mark.parametrize("mistake", OF_SOURCE, ids=lambda mistake: mistake.title)
def test_a_mistake_in_the_program_still_has_its_line(mistake: SourceMistake) -> None:
    text = (PROJECT / mistake.file).read_text(encoding="utf-8")
    assert changed(text, mistake) != text


def test_the_rules_catch_95_in_100_wrong_properties() -> None:
    survivors = [mistake.title for mistake in OF_PROPERTIES if graph_layer.outcome(mistake).layer is None]
    assert len(survivors) * 100 <= (100 - LEAST_CAUGHT) * len(OF_PROPERTIES), survivors


def test_the_settings_refuse_what_is_written_wrong_in_a_stack_file() -> None:
    # What the settings accept is judged by the rules, for which the stack is recorded: `make mistakes` does that.
    refused = [mistake.title for mistake in OF_SETTINGS if settings_layer.refusal(mistake) is not None]
    assert len(refused) * 100 >= 70 * len(OF_SETTINGS), sorted({item.title for item in OF_SETTINGS} - set(refused))


def test_the_page_names_every_survivor() -> None:
    outcomes = [Outcome(OF_SETTINGS[0], None, ""), Outcome(OF_SETTINGS[1], "settings", "a | b")]
    document = page(outcomes, "2026-11-21")
    assert verdict(outcomes) in document
    assert f"* {OF_SETTINGS[0].title} (Pulumi.dev.yaml: {OF_SETTINGS[0].path})." in document
    assert "a \\| b" in document
