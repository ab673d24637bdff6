"""`gostack secrets`: names are listed, values are encrypted by Pulumi and written into the stack file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from components.microservice.files import require_text
from components.microservice.references import names
from infra.settings.errors import meant
from infra.settings.secrets import OWNERS, entries, secret_name
from infra.settings.stack_file import NAMESPACE, read_stack_file, written
from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.secrets.dotenv import parse


def set_secret(workspace: Workspace, service: str, name: str) -> int:
    """Ask for the value of a secret, or read it from standard input, and write it; one line break at its end is none
    of it."""
    _owner(workspace, service)
    asked = sys.stdin.isatty()
    value = str(typer.prompt(f"value of {name}", hide_input=True, err=True)) if asked else sys.stdin.read()
    write(workspace, service, {name: value.removesuffix("\n")})
    return 0


def import_secrets(workspace: Workspace, service: str, file: Path) -> int:
    """Write every variable of a `.env` file that has a value as a secret."""
    _owner(workspace, service)
    try:
        found = parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({type(error).__name__}): name a text file.") from None
    for name in (name for name, value in found.items() if not value):
        print(f"{name} is empty: left out", file=sys.stderr)
    write(workspace, service, {name: value for name, value in found.items() if value})
    return 0


def list_secrets(workspace: Workspace, service: str) -> int:
    """Print the names of a service's secrets, and of those that it refers to and has not; values are not shown."""
    _, settings = _owner(workspace, service)
    there = sorted(mapping(settings.get("secrets")))
    asked = {name.removeprefix("secret.") for name in names(written({"": settings})) if name.startswith("secret.")}
    missing = sorted(asked - set(there))
    print("\n".join([*there, *(f"{name} (missing)" for name in missing)]) or f"{service} has no secrets")
    return 0


def write(workspace: Workspace, service: str, values: Mapping[str, str]) -> None:
    """Encrypt secrets and write them into the stack file; raises UserError before the first when one cannot be one."""
    for name, value in values.items():
        try:
            secret_name(name)
            require_text("it", value)
        except ValueError as error:
            raise UserError(f"{name}: {error}") from None
    kind, _ = _owner(workspace, service)
    # How its secrets are encrypted is known once there is a stack.
    workspace.prepare()
    file = str(workspace.stack_file)
    for name, value in values.items():
        # A host has dots, which divide keys.
        owner = f'["{service}"]' if "." in service else f".{service}"
        key = f"gostack:{kind}{owner}.secrets.{name}"
        arguments = ["config", "set", "--secret", "--path", "--raw", "--stack", workspace.stack, "--config-file", file]
        # By standard input: everybody sees the arguments of a program.
        workspace.capture(*arguments, key, text=value)
        print(f"{key} is written: in force with the next `make up`", file=sys.stderr)


def _owner(workspace: Workspace, name: str) -> tuple[str, Mapping[str, Any]]:
    """The kind of what has secrets under this name, and what the stack file says of it; as it is,
    because what is wrong with it may be a missing secret."""
    config = mapping(read_stack_file(workspace.stack_file).get("config"))
    values = {key.removeprefix(NAMESPACE): value for key, value in config.items()}
    found = {kind: entries(values, kind) for kind in OWNERS}
    kinds = [kind for kind, sections in found.items() if name in sections]
    if len(kinds) > 1:
        raise UserError(f'"{name}" is there in gostack:{" and in gostack:".join(kinds)}: rename one of them.')
    if kinds:
        return kinds[0], mapping(found[kinds[0]][name])
    owners = [name for sections in found.values() for name in sections]
    raise UserError(f'there is no service "{name}" in {workspace.stack_file.name}: {meant(name, owners)}')
