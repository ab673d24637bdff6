"""What the other drills' figures have to be read against."""

from __future__ import annotations

from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill, LoadPlan, nothing

DRILL = Drill(
    name="baseline",
    purpose="Nothing happens: what fails or is slow here is the machine's doing.",
    act=nothing,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    load=LoadPlan(after_seconds=10),
)
