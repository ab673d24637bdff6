"""A region is lost with everything in it, and comes back."""

from __future__ import annotations

from drills.faults import replicas_that_answer
from drills.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill, LoadPlan
from drills.scene import Scene


def _act(scene: Scene) -> None:
    for container in scene.stack.objects.containers():
        if container.labels.get("gostack.region") == scene.doomed_region and container.status == "running":
            container.kill()


def _verify(scene: Scene) -> None:
    scene.observe("replicas_that_answer_again", replicas_that_answer(scene, scene.doomed_region))


DRILL = Drill(
    name="region-kill",
    purpose="Every container of the region without the primary is killed; clients use the other region's entry.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST, Criterion("replicas_that_answer_again", "==", 2)),
    load=LoadPlan(surviving_entries_only=True, after_seconds=15),
    verify=_verify,
)
