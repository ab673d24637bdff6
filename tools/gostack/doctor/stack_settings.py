"""Whether the settings of the stack are valid, and what the other checks need to know of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools.gostack.doctor.finding import Finding
from tools.gostack.environment.locations import stack_names

if TYPE_CHECKING:
    from infra.settings import Settings


def load_settings(project_root: Path, stack: str) -> tuple[Settings | None, Finding]:
    """The stack's settings, and whether they are valid."""
    path = project_root / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(stack_names(project_root)) or "none yet"
        return None, Finding("settings", "fail", f"there is no {path.name}", f"choose a stack that exists: {known}")
    try:
        # Late: the settings are the program's, and a broken one must not keep the other checks from running.
        from infra.settings import SettingsError, load_stack_file
        from infra.settings.neighbours import require_apart
    except ImportError as error:
        return None, Finding("settings", "fail", f"the settings module cannot be imported: {error}", "git status infra")
    try:
        settings = load_stack_file(path)
        require_apart(stack, settings, project_root)
    except SettingsError as error:
        return None, Finding("settings", "fail", str(error), f"edit {path.name}")
    return settings, Finding("settings", "ok", f"{path.name} is valid")
