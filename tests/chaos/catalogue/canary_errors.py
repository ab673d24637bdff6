"""A canary that fails some of its requests must not keep its clients."""

from __future__ import annotations

from infra.settings.canary import AnalysisSettings
from tests.chaos.canary import UNSTEADY, longest_harm, walk_to_its_fall
from tests.chaos.changes import keep_settings, settings_as_before
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    walk_to_its_fall(scene, {"ERROR_EVERY": "50"}, "of the canary's requests failed")


DRILL = Drill(
    name="canary-errors",
    purpose="`gostack promote` of a canary that fails 2 % of its requests, with the default analysis; the failed "
    "requests of the table are those of the service beside it.",
    prepare=keep_settings,
    act=_act,
    criteria=(
        Criterion("exit_code", "==", 1),
        Criterion("errors_of_the_canary", ">=", 1),
        Criterion("seconds_with_the_canary", "<", longest_harm(AnalysisSettings())),
        NO_FAILED_REQUEST,
        NO_ROW_LOST,
    ),
    services=(UNSTEADY,),
    clean_up=settings_as_before,
)
