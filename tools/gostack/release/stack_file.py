"""Changes of a stack file that leave its comments and order alone: Pulumi's own `config set` writes them."""

from __future__ import annotations

from typing import Any, cast

from infra.settings import Settings
from infra.settings.services import ServiceSettings
from tools.gostack.lifecycle.workspace import Workspace


def set_weight(workspace: Workspace, service: str, weight: int) -> None:
    """Write the weight of the service's canary."""
    _set(workspace, f"services.{service}.canary.weight", str(weight), "int")


def set_maintenance(workspace: Workspace, service: str, *, on: bool) -> None:
    """Let the ingress answer for the service, or its replicas again."""
    if on:
        _set(workspace, f"services.{service}.maintenance", "true", "bool")
    else:
        _remove(workspace, f"services.{service}.maintenance")


def write_image(workspace: Workspace, settings: Settings, service: str, image: str) -> None:
    """Make the service run this image instead of what it is built from now."""
    _set(workspace, f"services.{service}.image", image, "string")
    _remove_source(workspace, service, settings.services[service])


def write_migrations_image(workspace: Workspace, settings: Settings, service: str, image: str) -> None:
    """Let this image apply the service's SQL files, instead of one that is built here."""
    migrations = settings.services[service].migrations
    _set(workspace, f"services.{service}.database.migrations.image", image, "string")
    if migrations is not None and migrations.directory is not None:
        _remove(workspace, f"services.{service}.database.migrations.directory")


def make_canary_stable(workspace: Workspace, settings: Settings, service: str) -> None:
    """Give the stable track what the canary is made of."""
    values = settings.services[service]
    canary = values.canary
    if canary is None:
        return
    source = {"context": canary.context, "image": canary.image}
    if canary.build is not None:
        if "build" in values.model_fields_set:
            _remove(workspace, f"services.{service}.build")
        _set_all(workspace, f"services.{service}.build", canary.build.model_dump(exclude_unset=True))
    if canary.image is not None:
        _remove_source(workspace, service, values)
    elif canary.context is not None and values.image is not None:
        _remove(workspace, f"services.{service}.image")
    for key, value in source.items():
        if value is not None:
            _set(workspace, f"services.{service}.{key}", value, "string")
    for variable, value in canary.environment.items():
        _set(workspace, f"services.{service}.environment.{variable}", value, "string")


def _remove_source(workspace: Workspace, service: str, values: ServiceSettings) -> None:
    """Take out what only an image that is built here has."""
    for key in ("context", "dockerfile", "main_package", "build"):
        if key in values.model_fields_set and getattr(values, key) is not None:
            _remove(workspace, f"services.{service}.{key}")


def remove_canary(workspace: Workspace, service: str) -> None:
    """Take the canary out of the service's settings."""
    _remove(workspace, f"services.{service}.canary")


def _set_all(workspace: Workspace, path: str, value: Any) -> None:
    """Write a mapping or a list, one value after the other."""
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            _set_all(workspace, f'{path}["{key}"]', item)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            _set_all(workspace, f"{path}[{index}]", item)
    elif value is not None:
        truth = isinstance(value, bool)
        _set(workspace, path, str(value).lower() if truth else str(value), "bool" if truth else "string")


def _set(workspace: Workspace, path: str, value: str, kind: str) -> None:
    # Pulumi takes `${mysql.password}` under such a name for a password, unless it is told that it is none.
    flags = ["--plaintext"] if "${" in value else ["--type", kind]
    _config(workspace, "set", "--path", *flags, f"gostack:{path}", "--", value)


def _remove(workspace: Workspace, path: str) -> None:
    _config(workspace, "rm", "--path", f"gostack:{path}")


def _config(workspace: Workspace, *arguments: str) -> None:
    file = str(workspace.stack_file)
    verb, *rest = arguments
    workspace.capture("config", verb, "--stack", workspace.stack, "--config-file", file, *rest)
