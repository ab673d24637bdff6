"""A route is a release of Nginx's configuration."""

from __future__ import annotations

from drills.changes import apply
from drills.faults import SERVICE
from drills.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from drills.scene import Scene

_PATH = "/version"


def _act(scene: Scene) -> None:
    scene.stack.change_settings(SERVICE, routes=[{"path": "/api/v1/users"}, {"path": _PATH, "match": "exact"}])
    apply(scene)
    answers = [
        scene.stack.request("GET", scene.entry(region).replace("/api/v1/users", _PATH)) for region in scene.regions
    ]
    scene.observe("regions_with_the_route", sum(answer.status == 200 for answer in answers))


def _clean_up(scene: Scene) -> None:
    scene.stack.change_settings(SERVICE, routes=[{"path": "/api/v1/users"}])


DRILL = Drill(
    name="change-route",
    purpose="A route is added to every ingress.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST, Criterion("regions_with_the_route", "==", 2)),
    clean_up=_clean_up,
)
