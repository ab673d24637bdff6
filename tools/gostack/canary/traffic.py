"""Everybody back to the stable track at once, in every ingress, before Pulumi has begun to think about it.

The release script of the ingress is run with the same files and other weights: `nginx -t` judges them as always. The
update that follows finds in force what it is about to release.
"""

from __future__ import annotations

from typing import cast

from components.ingress import TRACKS_FILE, CanaryTraffic, render_tracks
from components.ingress.docker import variable_name
from components.text import script
from infra.settings import Settings
from tools.gostack.lifecycle.objects import StackObjects, running
from tools.gostack.lifecycle.workspace import PulumiError


def everybody_to_stable(objects: StackObjects, settings: Settings, service: str) -> None:
    """Take the canary of `service` out of the weighted traffic; raises PulumiError when an ingress refuses."""
    refused: list[str] = []
    for container in running(objects, "configuration"):
        region = container.labels["gostack.region"]
        others = sorted(set(settings.regions) - {region})
        tracks = render_tracks(_canaries(settings, service), region, others)
        code, output = container.exec_run(
            ["/bin/sh", "-c", script("ingress/release.sh")],
            environment={"ONCE": "1", variable_name(TRACKS_FILE): tracks},
        )
        if code != 0:
            refused.append(f"{container.name}: {cast('bytes', output).decode(errors='replace').strip()}")
    if refused:
        raise PulumiError(f"the traffic could not be switched at once: {'; '.join(refused)}")


def _canaries(settings: Settings, service: str) -> dict[str, CanaryTraffic]:
    return {
        name: values.canary.traffic(weight=0 if name == service else None)
        for name, values in settings.services.items()
        if values.canary is not None and (values.routes or name in settings.callable_services())
    }
