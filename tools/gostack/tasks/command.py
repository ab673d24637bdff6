"""`gostack run`: a task in a container of its own, with everything that a replica of the service is given."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from components.ingress.tracks import STABLE
from components.microservice.task import Task
from infra.settings.errors import meant
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.running.replica import check_names, chosen
from tools.gostack.running.runtime import runtime_of


def run_task(
    workspace: Workspace, service: str, task: str | None, arguments: Sequence[str], region: str | None = None
) -> int:
    """Run a task beside a replica of the stable track and return the exit code of its program; without a task print
    those that the service has.

    The region is the primary's when none is given. Raises UserError.
    """
    settings = workspace.settings
    check_names(settings, service, region)
    if service not in settings.services:
        raise UserError(f"{service} is no service of the settings, so it has no tasks: see `gostack exec`.")
    tasks = settings.services[service].tasks
    if task is None:
        print("\n".join(f"{name:<20} {one.description or ' '.join(one.args)}" for name, one in sorted(tasks.items())))
        return 0
    found = named_task(service, tasks, task)
    runtime = runtime_of(workspace)
    replicas = [one for one in runtime.replicas() if one.track == STABLE]
    replica = chosen(replicas, service, region or settings.mysql.primary)
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    return runtime.task(replica, task, [*found.args, *arguments], tty=tty)


def named_task(service: str, tasks: dict[str, Task], name: str) -> Task:
    """Return a task of a service; raises UserError with what was meant."""
    if name in tasks:
        return tasks[name]
    if not tasks:
        raise UserError(
            f"{service} has no tasks: write one into the stack file, at gostack:services.{service}.tasks.{name}.args, "
            "or run any command of its image with `gostack exec`."
        )
    raise UserError(f'{service} has no task "{name}": {meant(name, tasks)}')
