"""Some quick drills of the catalogue on the stack of these tests: no request fails and no acknowledged row is lost.

Does not prove anything about times, nor about the drills left out: `make drill` runs all of them, on a stack of
its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import runner
from tests.chaos.catalogue import catalogue
from tests.chaos.scene import Scene
from tests.integration.support import LiveStack, tell

RATE = 25


@pytest.mark.parametrize("name", ["consul-leader-kill", "consul-quorum-loss", "nginx-reload-storm"])
def test_a_drill_fails_no_request_and_loses_no_row(stack: LiveStack, name: str, tmp_path: Path) -> None:
    (drill,) = [drill for drill in catalogue() if drill.name == name]
    # The tests before may have brought the stack up anew, under another authority.
    stack.trust_again()
    outcome = runner.run(drill, Scene(stack, tmp_path, f"test-{name}"), RATE)
    tell(f"drill {name}: {', '.join(f'{load} {result}' for load, result in outcome.loads.items())}")
    assert outcome.problems == []
    assert (outcome.figures["failed"], outcome.figures["lost"]) == (0, 0)
    assert outcome.figures["acknowledged"] > 0
