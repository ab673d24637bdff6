"""A canary that is slow for some of its clients must not keep them."""

from __future__ import annotations

from infra.settings.canary import AnalysisSettings
from tests.chaos.canary import UNSTEADY, longest_harm, walk_to_its_fall
from tests.chaos.changes import keep_settings, settings_as_before
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    walk_to_its_fall(scene, {"SLOW_EVERY": "50", "SLOW_MILLISECONDS": "900"}, "the canary's P99 is")


DRILL = Drill(
    name="canary-slow",
    purpose="`gostack promote` of a canary with a P99 of 900 ms, with the default analysis.",
    prepare=keep_settings,
    act=_act,
    criteria=(
        Criterion("exit_code", "==", 1),
        Criterion("slow_answers_of_the_canary", ">=", 1),
        Criterion("seconds_with_the_canary", "<", longest_harm(AnalysisSettings())),
        NO_FAILED_REQUEST,
        NO_ROW_LOST,
    ),
    services=(UNSTEADY,),
    clean_up=settings_as_before,
)
