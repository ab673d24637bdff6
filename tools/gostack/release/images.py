"""What goes from one environment to the next: images as they were accepted, never built again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

from infra.settings import require_service
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.stack_file import write_image, write_migrations_image


class DeployedService(TypedDict):
    """A service among the outputs of a deployed stack, as far as a release needs it."""

    image: str
    """Name and tag of what runs."""

    migrations_image: NotRequired[str]
    """The same of what applies its SQL files."""


def write_images(workspace: Workspace, output: Path | None) -> int:
    """Write which image each service of a deployed stack runs and return the exit code."""
    services: Mapping[str, DeployedService] = workspace.outputs().get("services") or {}
    if not services:
        raise PulumiError(f"the stack {workspace.stack} is not deployed: run `make up STACK={workspace.stack}` first.")
    document = {
        "stack": workspace.stack,
        "commit": _commit(workspace.project),
        "services": {name: service["image"] for name, service in sorted(services.items())},
        "migrations": {
            name: service["migrations_image"]
            for name, service in sorted(services.items())
            if "migrations_image" in service
        },
    }
    text = json.dumps(document, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
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


def _commit(project: Path) -> str:
    result = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return result.stdout.strip()
