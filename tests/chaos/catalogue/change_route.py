"""A route is a release of Nginx's configuration."""

from __future__ import annotations

from tests.chaos.changes import apply, keep_settings, settings_as_before
from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill
from tests.chaos.scene import Scene

_PATH = "/version"


def _act(scene: Scene) -> None:
    routes = scene.stack.workspace.settings.services[SERVICE].routes
    there = [route.model_dump(exclude_unset=True) for route in routes]
    scene.stack.change_settings(SERVICE, routes=[*there, {"path": _PATH, "match": "exact"}])
    apply(scene)
    answers = [
        scene.stack.request("GET", scene.entry(region).replace("/api/v1/users", _PATH)) for region in scene.regions
    ]
    scene.observe("regions_with_the_route", sum(answer.status == 200 for answer in answers))


DRILL = Drill(
    name="change-route",
    purpose="A route is added to every ingress.",
    prepare=keep_settings,
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST, Criterion("regions_with_the_route", "==", 2)),
    clean_up=settings_as_before,
)
