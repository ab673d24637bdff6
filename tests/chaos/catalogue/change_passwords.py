"""Passwords change while services are connected with the old ones."""

from __future__ import annotations

from tests.chaos.changes import apply
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    scene.stack.change_rotation(passwords=scene.stack.workspace.settings.rotation.passwords + 1)
    apply(scene)


DRILL = Drill(
    name="change-passwords",
    purpose="The passwords of every MySQL account are rotated.",
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
)
