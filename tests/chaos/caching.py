"""The service with its cache: Valkey in both regions, and short times so that a drill meets every level often."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from docker.models.containers import Container

from components.accessory.valkey import PASSWORD
from tests.chaos.changes import keep_settings, settings_as_before
from tests.chaos.faults import SERVICE
from tests.chaos.model import NO_FAILED_REQUEST, NO_ROW_LOST, Criterion, Drill, LoadPlan
from tests.chaos.scene import DrillError, Scene
from tests.support.cached_service import CACHE, CACHED, valkey_in
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.environment.preparation import ensure_stack_images
from tools.gostack.environment.progress import Progress

AS_FAST_AS_BEFORE = Criterion("p99_growth", "<", 2)


def with_cache(scene: Scene) -> None:
    """Bring up Valkey in every region, and the service with it; `without_cache` takes it back."""
    keep_settings(scene)
    # The settings are judged each time they are written: what the service names has to be there.
    scene.stack.change_accessories(**valkey_in(scene.regions))
    scene.stack.change_settings(SERVICE, **CACHED)
    ensure_stack_images(PROJECT_ROOT, scene.stack.workspace.settings, Progress())
    scene.up()


without_cache = settings_as_before


def valkeys(scene: Scene) -> list[Container]:
    """The Valkey of each region."""
    found = scene.stack.containers("accessory", service=CACHE)
    if len(found) != len(scene.regions):
        raise DrillError(f"{len(found)} Valkeys run in {len(scene.regions)} regions")
    return found


def say(valkey: Container, *commands: str) -> None:
    """Have Valkey's client say commands over one connection; raises DrillError when one is refused."""
    said = " ".join(f"'{command}'" for command in commands)
    script = f"printf '%s\\n' {said} | REDISCLI_AUTH=\"$({PASSWORD})\" valkey-cli"
    code, output = valkey.exec_run(["sh", "-ec", script])
    answers = cast("bytes", output).decode().splitlines()
    if code != 0 or len(answers) != len(commands) or any(not (one == "OK" or one.isdecimal()) for one in answers):
        raise DrillError(f"Valkey answers {answers}")


def ill_valkey(name: str, purpose: str, act: Callable[[Scene], None], end: Callable[[Scene], None]) -> Drill:
    """Return the drill of something that happens to Valkey, of which no client may notice anything."""

    def clean_up(scene: Scene) -> None:
        try:
            end(scene)
        finally:
            without_cache(scene)

    return Drill(
        name=name,
        purpose=f"{purpose}: the service is as correct and as fast without it.",
        prepare=with_cache,
        act=act,
        criteria=(NO_FAILED_REQUEST, AS_FAST_AS_BEFORE, NO_ROW_LOST),
        load=LoadPlan(before_seconds=20, after_seconds=30),
        clean_up=clean_up,
    )
