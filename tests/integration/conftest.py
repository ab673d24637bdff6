"""The stack of the integration tests: brought up once, by the same code as `make up`, and removed whatever happens.

It does not prove anything by itself: a failure here is a failure to bring the stack up.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.brought_up import brought_up
from tests.integration.support import FIGURES, LiveStack

SETTINGS = Path(__file__).with_name("settings.yaml")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    yield from brought_up("integration", SETTINGS, tmp_path_factory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("measured")
        for figure in FIGURES:
            terminalreporter.write_line(figure)
