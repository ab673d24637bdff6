"""Planned changes that several drills use."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.chaos.faults import SERVICE
from tests.chaos.scene import Scene
from tools.gostack.environment.locations import PROJECT_ROOT

REPLICAS = 2


def apply(scene: Scene) -> None:
    """Bring the changed settings into force with `make up`, under load, and observe how long it took."""
    scene.observe("change_seconds", scene.up())


def keep_settings(scene: Scene) -> None:
    """Remember the settings, for `settings_as_before`."""
    scene.notes["settings"] = scene.stack.workspace.stack_file.read_text(encoding="utf-8")


def settings_as_before(scene: Scene) -> None:
    """Write the settings that `keep_settings` remembered; the next `make up` brings them into force."""
    if "settings" in scene.notes:
        scene.stack.workspace.stack_file.write_text(scene.notes["settings"], encoding="utf-8")
        scene.stack.workspace.prepare()


def scale(scene: Scene, replicas: int) -> None:
    """Set the number of replicas in each region."""
    scene.stack.change_settings(SERVICE, replicas=replicas)


def use_copied_source(scene: Scene) -> None:
    """Build the service from a copy of its source, which a drill may change: `copied_source`.

    It is outside of the checkout, whose own folders hold state or are somebody's.
    """
    scene.notes["source"] = tempfile.mkdtemp(prefix="gostack-drill-")
    shutil.copytree(PROJECT_ROOT / "services" / "users", copied_source(scene), dirs_exist_ok=True)
    scene.stack.change_settings(SERVICE, context=str(copied_source(scene)))


def copied_source(scene: Scene) -> Path:
    """The folder that `use_copied_source` made."""
    return Path(scene.notes["source"])


def use_original_source(scene: Scene) -> None:
    """Build the service from its own source again."""
    scene.stack.change_settings(SERVICE, context="services/users")
    if "source" in scene.notes:
        shutil.rmtree(copied_source(scene))
