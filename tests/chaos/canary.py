"""What the drills of a canary share: the track, its walk under load, and the time in which clients were sent to it."""

from __future__ import annotations

import time
from typing import Any

from infra.settings.canary import AnalysisSettings
from tests.chaos.changes import apply
from tests.chaos.scene import DrillError, Scene
from tests.support.load import Load, Request
from tests.support.load_result import NO_ANSWER, Answer
from tools.gostack.canary.promote import promote

UNSTEADY = "unsteady"
"""A service of the drills' stack whose answers can be made worse by its environment."""

CLIENTS = 1000
RATE = 200
SLOW_SECONDS = 0.8

SLACK_SECONDS = 5

_SERVER_FAILED = 500


def longest_harm(analysis: AnalysisSettings) -> int:
    """Time in seconds within which clients must have lost a canary that is worse from its first request on."""
    return analysis.interval_seconds * analysis.threshold + SLACK_SECONDS


def set_canary(scene: Scene, service: str, **canary: Any) -> None:
    """Give a service a canary and bring it up."""
    scene.stack.change_settings(service, canary=canary)
    apply(scene)


def walk(scene: Scene, service: str) -> int:
    """Run what `gostack promote` runs and return its exit code."""
    with scene.logged("promote.log"):
        return promote(scene.stack.workspace, service, print)


def walk_to_its_fall(scene: Scene, environment: dict[str, str], objection: str) -> None:
    """Promote a canary that is worse than the stable track, and observe for how long clients were sent to it.

    Raises DrillError when `gostack promote` does not name this objection.
    """
    set_canary(scene, UNSTEADY, environment=environment)
    url = f"{scene.entry(scene.regions[0]).removesuffix('/api/v1/users')}/{UNSTEADY}"
    load = Load(
        scene.stack.authority,
        RATE,
        lambda number: Request("GET", url, headers={"X-Client-ID": f"client-{number % CLIENTS}"}),
    )
    with load:
        scene.strike()
        code = walk(scene, UNSTEADY)
        ended = time.time()
        time.sleep(2)
    answers = [answer for answer in load.result.answers if _of_the_canary(answer)]
    began = min((answer.sent_at for answer in answers), default=ended)
    scene.observe("exit_code", code)
    scene.observe("requests_to_the_service", load.result.sent)
    scene.observe("answers_of_the_canary", len(answers))
    scene.observe("errors_of_the_canary", sum(map(_failed, answers)))
    scene.observe("slow_answers_of_the_canary", sum(answer.seconds > SLOW_SECONDS for answer in answers))
    # From the first client that was sent there to the answer for the last one.
    scene.observe("seconds_with_the_canary", max((answer.ended_at for answer in answers), default=ended) - began)
    scene.observe("seconds_allowed", longest_harm(AnalysisSettings()))
    scene.observe("seconds_to_the_exit_code", ended - began)
    said = (scene.folder / "promote.log").read_text(encoding="utf-8")
    if objection not in _reason(said):
        raise DrillError(f"`gostack promote` did not say that {objection}: {_reason(said)}")


def _reason(said: str) -> str:
    found = [line for line in said.splitlines() if line.startswith("rolling back: ")]
    return found[-1] if found else "it rolled nothing back"


def _failed(answer: Answer) -> bool:
    return answer.status == NO_ANSWER or answer.status >= _SERVER_FAILED


def _of_the_canary(answer: Answer) -> bool:
    # The service says its track. What failed says none, and counts against the canary.
    return _failed(answer) or b'"track":"canary"' in answer.body
