"""The drills: one file each, with a `DRILL`; a file that is added is a drill that is run."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from tests.chaos.model import Drill


def catalogue() -> list[Drill]:
    """Every drill, by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return sorted((module.DRILL for module in modules), key=lambda drill: drill.name)
