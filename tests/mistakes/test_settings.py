"""Every mistake in a stack file that is one on every stack is refused by the settings.

Does not prove that the sentence helps: `tests/unit/test_settings.py` reads those. What is right on another stack is for
the rules: `tests/mistakes/test_mistakes.py`, which records stacks, has it.
"""

from __future__ import annotations

import pytest

from tests.mistakes import settings_layer
from tests.mistakes.catalogue import MISTAKES
from tests.mistakes.model import SettingsMistake

OF_SETTINGS = [item for item in MISTAKES if isinstance(item, SettingsMistake) and item.layer == "settings"]


@pytest.mark.parametrize("mistake", OF_SETTINGS, ids=lambda mistake: mistake.title)
def test_the_settings_refuse(mistake: SettingsMistake) -> None:
    assert settings_layer.refusal(mistake)
