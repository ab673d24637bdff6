"""`gostack maintenance`: the ingress answers for a service while its replicas stay as they are."""

from __future__ import annotations

from infra.settings import Settings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.stack_file import set_maintenance


def maintenance(workspace: Workspace, *, on: bool, service: str | None = None) -> int:
    """Switch the routes of a service, or of all services, to the ingress's own 503 and back, and return the exit code.

    It is written into the stack file and released by an update of the stack. As long as nothing else changed since the
    last one, that is one configuration of each ingress, and no replica is touched; what did is released with it. Raises
    UserError.
    """
    settings = workspace.settings
    wanted = routed(settings, service)
    changed = [name for name in wanted if settings.services[name].maintenance is not on]
    for name in changed:
        set_maintenance(workspace, name, on=on)
    # Also where nothing is to be written: an update that failed after it was is made up for.
    if lifecycle.update(workspace) != 0:
        raise PulumiError(
            f"{workspace.stack_file.name} says maintenance {'on' if on else 'off'}, and the update failed: correct the "
            "cause and run `make up`"
        )
    state = "in maintenance: clients get 503 with Retry-After" if on else "back: its replicas answer"
    for name in wanted:
        print(f"{name}: {state}")
    if changed:
        print(f"commit {workspace.stack_file.name}, or run `gostack maintenance {'off' if on else 'on'}` to go back")
    return 0


def routed(settings: Settings, service: str | None) -> list[str]:
    """Return the services with a route, or the one that is named; raises UserError where the ingress has none."""
    names = sorted(name for name, one in settings.services.items() if one.routes)
    if service is None and names:
        return names
    if service is not None and service in names:
        return [service]
    if service in settings.services:
        raise UserError(f"{service} has no route: no client of the ingress reaches it.")
    raise UserError(f'there is no service "{service}" with a route: use one of {", ".join(names) or "none"}.')
