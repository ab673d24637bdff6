"""Planned changes that several drills use."""

from __future__ import annotations

import shutil

from bootstrap.locations import PROJECT_ROOT
from drills.faults import SERVICE
from drills.scene import Scene

REPLICAS = 2


def apply(scene: Scene) -> None:
    """Bring the changed settings into force with `make up`, under load, and observe how long it took."""
    scene.observe("change_seconds", scene.up())


def scale(scene: Scene, replicas: int) -> None:
    """Set the number of replicas in each region."""
    scene.stack.change_settings(SERVICE, replicas=replicas)


def use_copied_source(scene: Scene) -> None:
    """Build the service from a copy of its source, which a drill may change."""
    copy = scene.folder / "service"
    shutil.copytree(PROJECT_ROOT / "service", copy)
    scene.stack.change_settings(SERVICE, context=str(copy.relative_to(PROJECT_ROOT)))


def use_original_source(scene: Scene) -> None:
    """Build the service from its own source again."""
    scene.stack.change_settings(SERVICE, context="service")
