"""A release of new code."""

from __future__ import annotations

from tests.chaos.changes import apply, copied_source, use_copied_source, use_original_source
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Drill
from tests.chaos.scene import Scene


def _act(scene: Scene) -> None:
    source = copied_source(scene) / "main.go"
    source.write_text(source.read_text(encoding="utf-8") + f"\nconst drill = {scene.identity!a}\n".replace("'", '"'))
    apply(scene)


DRILL = Drill(
    name="change-image",
    purpose="The service's source changes: its image is built and every replica is replaced.",
    prepare=use_copied_source,
    act=_act,
    criteria=(NO_FAILED_REQUEST, NO_ROW_LOST),
    clean_up=use_original_source,
)
