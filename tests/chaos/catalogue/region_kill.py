"""A region is lost with everything in it, and comes back."""

from __future__ import annotations

from tests.chaos.faults import kill_doomed_region, observe_replicas_that_answer_again
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill, LoadPlan

DRILL = Drill(
    name="region-kill",
    purpose="Every container of the region without the primary is killed; clients use the other region's entry.",
    act=kill_doomed_region,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST, Criterion("replicas_that_answer_again", "==", 2)),
    load=LoadPlan(surviving_entries_only=True, after_seconds=15),
    verify=observe_replicas_that_answer_again,
)
