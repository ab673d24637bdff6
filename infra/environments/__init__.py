"""What each environment stands on; `foundation_for` chooses by the settings."""

from __future__ import annotations

from infra.foundation import Foundation
from infra.settings import Settings


def foundation_for(stack: str, settings: Settings) -> Foundation:
    """Return what the stack stands on. Imports only the providers that it needs: each takes time."""
    if settings.platform == "docker":
        from infra.environments.engine import EngineFoundation

        return EngineFoundation(stack, settings)
    from infra.environments.cluster import ClusterFoundation

    return ClusterFoundation(settings)
