"""What the drills of a canary share: the track, its walk under load, and the time in which clients were sent to it."""

from __future__ import annotations

import time
from typing import Any

from delivery.promote import promote
from drills.changes import apply
from drills.scene import DrillError, Scene
from infra.settings.canary import AnalysisSettings
from operations.load import Load, Request
from operations.load_result import Answer

UNSTEADY = "unsteady"
"""A service of the drills' stack whose answers can be made worse by its environment."""

CLIENTS = 1000
RATE = 200
SLOW_SECONDS = 0.8

SLACK_SECONDS = 5

_SERVER_ERROR = 500


def longest_harm(analysis: AnalysisSettings) -> int:
    """Time in seconds within which clients must have lost a canary that is worse from its first request on."""
    return analysis.interval_seconds * analysis.threshold + SLACK_SECONDS


def set_canary(scene: Scene, service: str, **canary: Any) -> None:
    """Give a service a canary and bring it up."""
    scene.stack.change_settings(service, canary=canary)
    apply(scene)


def walk(scene: Scene, service: str) -> tuple[int, float]:
    """Run what `make promote` runs; return its exit code and when its first look at the canary began (wall clock)."""
    began: list[float] = []

    def tell(text: str) -> None:
        print(text)
        if "of the clients have the canary" in text:
            began.append(time.time())

    with scene.logged("promote.log"):
        code = promote(scene.stack.workspace, service, tell)
    if not began:
        raise DrillError("nobody ever got the canary: promote.log says why")
    return code, began[0]


def walk_to_its_fall(scene: Scene, environment: dict[str, str]) -> None:
    """Promote a canary that is worse than the stable track, and observe for how long clients were sent to it."""
    analysis = AnalysisSettings()
    set_canary(scene, UNSTEADY, environment=environment)
    url = f"{scene.entry(scene.regions[0]).removesuffix('/api/v1/users')}/{UNSTEADY}"
    load = Load(
        scene.stack.authority,
        RATE,
        lambda number: Request("GET", url, headers={"X-Client-ID": f"client-{number % CLIENTS}"}),
    )
    with load:
        scene.strike()
        code, began = walk(scene, UNSTEADY)
        ended = time.time()
        time.sleep(2)
    answers = [answer for answer in load.result.answers if _of_the_canary(answer)]
    worse = [answer for answer in answers if answer.status >= _SERVER_ERROR or answer.seconds > SLOW_SECONDS]
    scene.observe("exit_code", code)
    scene.observe("requests_to_the_service", load.result.sent)
    scene.observe("answers_of_the_canary", len(answers))
    scene.observe("worse_answers", len(worse))
    scene.observe("seconds_with_the_canary", max((answer.ended_at for answer in answers), default=began) - began)
    scene.observe("seconds_allowed", longest_harm(analysis))
    scene.observe("seconds_to_the_exit_code", ended - began)


def _of_the_canary(answer: Answer) -> bool:
    # The service says its track; an error does not, and only the canary makes errors.
    return answer.status >= _SERVER_ERROR or b'"track":"canary"' in answer.body
