"""Changes of a stack file that leave its comments and order alone: Pulumi's own `config set` writes them."""

from __future__ import annotations

from infra.settings import Settings
from tools.gostack.lifecycle.workspace import Workspace


def set_weight(workspace: Workspace, service: str, weight: int) -> None:
    """Write the weight of the service's canary."""
    _set(workspace, f"services.{service}.canary.weight", str(weight), "int")


def write_image(workspace: Workspace, settings: Settings, service: str, image: str) -> None:
    """Make the service run this image instead of what it is built from now."""
    _set(workspace, f"services.{service}.image", image, "string")
    if settings.services[service].context is not None:
        _remove(workspace, f"services.{service}.context")


def make_canary_stable(workspace: Workspace, settings: Settings, service: str) -> None:
    """Give the stable track what the canary is made of."""
    values = settings.services[service]
    canary = values.canary
    if canary is None:
        return
    source = {"context": canary.context, "image": canary.image}
    if any(source.values()):
        for key, value in source.items():
            if value is not None:
                _set(workspace, f"services.{service}.{key}", value, "string")
            elif getattr(values, key) is not None:
                _remove(workspace, f"services.{service}.{key}")
    for variable, value in canary.environment.items():
        _set(workspace, f"services.{service}.environment.{variable}", value, "string")


def remove_canary(workspace: Workspace, service: str) -> None:
    """Take the canary out of the service's settings."""
    _remove(workspace, f"services.{service}.canary")


def _set(workspace: Workspace, path: str, value: str, kind: str) -> None:
    _config(workspace, "set", "--path", "--type", kind, f"gostack:{path}", "--", value)


def _remove(workspace: Workspace, path: str) -> None:
    _config(workspace, "rm", "--path", f"gostack:{path}")


def _config(workspace: Workspace, *arguments: str) -> None:
    file = str(workspace.stack_file)
    verb, *rest = arguments
    workspace.capture("config", verb, "--stack", workspace.stack, "--config-file", file, *rest)
