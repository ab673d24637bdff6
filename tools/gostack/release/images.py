"""What goes from one environment to the next: images as they were accepted, never built again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from infra.settings import require_service
from tools.gostack.documents import write_or_print
from tools.gostack.environment.processes import capture
from tools.gostack.lifecycle.workspace import Workspace, demand_up
from tools.gostack.release.stack_file import write_image, write_migrations_image


def write_images(workspace: Workspace, output: Path | None) -> int:
    """Write which image each service of a deployed stack runs and return the exit code."""
    outputs = workspace.outputs()
    demand_up(outputs, workspace.stack, "services")
    services: Mapping[str, Mapping[str, str]] = outputs["services"]
    document = {
        "stack": workspace.stack,
        "commit": capture(["git", "-C", str(workspace.project), "rev-parse", "HEAD"]) or "",
        "services": {name: service["image"] for name, service in sorted(services.items())},
        "migrations": {
            name: service["migrations_image"]
            for name, service in sorted(services.items())
            if "migrations_image" in service
        },
    }
    write_or_print(json.dumps(document, indent=2) + "\n", output)
    return 0


def set_image(workspace: Workspace, service: str, image: str, migrations_image: str | None = None) -> int:
    """Write an image as what a service runs, and one as what applies its SQL files, into the stack file and return the
    exit code."""
    settings = workspace.settings
    require_service(settings, service)
    write_image(workspace, settings, service, image)
    if migrations_image:
        write_migrations_image(workspace, settings, service, migrations_image)
    # A wrong reference is refused here, not after approvals.
    _ = workspace.settings
    print(f"{service}: {image} is written into {workspace.stack_file.name}; `make up` rolls it out")
    return 0
