"""The region that is lost is the one that takes the writes."""

from __future__ import annotations

from drills.faults import replicas_that_answer
from drills.model import NO_ROW_LOST, Criterion, Drill, LoadPlan
from drills.mysql import only_with_a_group
from drills.scene import Scene


def _prepare(scene: Scene) -> None:
    scene.notes["doomed_region"] = scene.primary.labels["gostack.region"]


def _act(scene: Scene) -> None:
    for container in scene.stack.objects.containers():
        if container.labels.get("gostack.region") == scene.doomed_region and container.status == "running":
            container.kill()


def _verify(scene: Scene) -> None:
    scene.observe("replicas_that_answer_again", replicas_that_answer(scene, scene.doomed_region))


DRILL = Drill(
    name="region-kill-primary",
    purpose="Every container of the region with the primary is killed; clients use the other region's entry.",
    prepare=_prepare,
    act=_act,
    criteria=(
        Criterion("outage", "<", 13),
        Criterion("recovered", "<", 13),
        NO_ROW_LOST,
        Criterion("replicas_that_answer_again", "==", 2),
    ),
    load=LoadPlan(surviving_entries_only=True, after_seconds=25),
    verify=_verify,
    reason_against=only_with_a_group,
)
