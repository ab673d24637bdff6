"""Which resources an update of one service is about."""

from __future__ import annotations

from components.ingress.tracks import CANARY
from components.names import track_name
from components.service_database.migrations import TRACK as MIGRATIONS
from infra.settings import Settings, require_service


def target_arguments(settings: Settings, service: str) -> list[str]:
    """Return the arguments of `pulumi up` that leave all but one service, and the routes to it, as they are; raises
    SettingsError for a service that there is not.

    The targets are its components, whether the stack has them or not: a canary that is gone from the settings has to
    go. What depends on them is targeted too, which is what is in them and what reads their outputs.
    """
    require_service(settings, service)
    targets = [f"--target=**::{name}" for name in sorted(components(settings, service))]
    return [*targets, "--target-dependents"]


def components(settings: Settings, service: str) -> set[str]:
    """Return the names of the components that make a service, and of the ingresses, which have its routes."""
    tracks = ("", f"-{CANARY}")
    found = {f"{service}{track}" for track in tracks}
    found |= {f"{service}-{part}" for part in (MIGRATIONS, "database", "hook-before", "hook-after")}
    for region in settings.regions:
        found |= {track_name(service, region, track) for track in tracks}
        found |= {f"{service}-{region}-settings", f"{service}-{region}-volumes"}
        found |= {f"{service}-schedules-{region}", f"ingress-{region}"}
    return found
