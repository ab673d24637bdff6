"""`gostack stack seed`: data to begin with, by the services' own tasks of that name."""

from __future__ import annotations

from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.tasks.command import run_task

SEED = "seed"
"""Name of the task."""


def seed(workspace: Workspace) -> int:
    """Run the task `seed` of each service that has one and return the exit code of the first that fails, or 0."""
    services = [name for name, service in workspace.settings.ordered_services() if SEED in service.tasks]
    if not services:
        print(f"no service of {workspace.stack} has a task called {SEED}: it begins with no rows.")
    for service in services:
        code = run_task(workspace, service, SEED, [])
        if code != 0:
            return code
        print(f"{service}: seeded")
    return 0
