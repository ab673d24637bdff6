"""The region that is lost is the one that takes the writes."""

from __future__ import annotations

from tests.chaos.faults import kill_doomed_region, observe_replicas_that_answer_again
from tests.chaos.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.mysql import only_with_a_group
from tests.chaos.scene import Scene


def _prepare(scene: Scene) -> None:
    scene.notes["doomed_region"] = scene.primary.labels["gostack.region"]


DRILL = Drill(
    name="region-kill-primary",
    purpose="Every container of the region with the primary is killed; clients use the other region's entry.",
    prepare=_prepare,
    act=kill_doomed_region,
    criteria=(
        Criterion("outage", "<", 13),
        Criterion("recovered", "<", 13),
        NO_ROW_LOST,
        Criterion("replicas_that_answer_again", "==", 2),
    ),
    load=LoadPlan(surviving_entries_only=True, after_seconds=25),
    verify=observe_replicas_that_answer_again,
    reason_against=only_with_a_group,
)
