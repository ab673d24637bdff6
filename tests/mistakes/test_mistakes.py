"""Every wrong property of what a stack registers is found by a rule, and every stack file that no rule allows.

Does not prove what pyright and the tests of the suite say of the mistakes in the program: `python -m
tests.mistakes` runs those.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mistakes import graph_layer, settings_layer
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


@pytest.mark.parametrize("mistake", OF_PROPERTIES, ids=lambda mistake: mistake.title)
def test_the_rules_catch_a_wrong_property(mistake: GraphMistake) -> None:
    assert graph_layer.outcome(mistake).layer == "policy"


@pytest.mark.parametrize(
    "mistake", [item for item in OF_SETTINGS if item.layer == "policy"], ids=lambda mistake: mistake.title
)
def test_the_rules_refuse_what_the_settings_accept(mistake: SettingsMistake) -> None:
    assert settings_layer.outcome(mistake).layer == "policy"


def test_the_page_names_every_survivor() -> None:
    outcomes = [Outcome(OF_SETTINGS[0], None, ""), Outcome(OF_SETTINGS[1], "settings", "a | b")]
    document = page(outcomes, "2026-11-21")
    assert verdict(outcomes) in document
    assert f"* {OF_SETTINGS[0].title} (Pulumi.dev.yaml: {OF_SETTINGS[0].path})." in document
    assert "a \\| b" in document
