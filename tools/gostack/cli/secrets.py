"""`gostack secrets`: what services, accessories, receivers of alerts, hosts and logins keep to themselves, encrypted in
the stack file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli.guard import add
from tools.gostack.cli.options import DEV, ServiceName, Stack, workspace

app = typer.Typer(
    no_args_is_help=True,
    help="Secrets of services, accessories, receivers, hosts and logins, encrypted in the stack file.",
)


def set_(service: ServiceName, name: Annotated[str, typer.Argument(help="Secret.")], stack: Stack = DEV) -> int:
    """Write a secret; its value is asked for, or read from standard input."""
    from tools.gostack.secrets.command import set_secret

    return set_secret(workspace(stack), service, name)


def list_(service: ServiceName, stack: Stack = DEV) -> int:
    """Print the names of a service's secrets, and which are missing."""
    from tools.gostack.secrets.command import list_secrets

    return list_secrets(workspace(stack), service)


def import_(
    service: ServiceName, file: Annotated[Path, typer.Argument(help="File with lines NAME=value.")], stack: Stack = DEV
) -> int:
    """Write every variable of a .env file as a secret."""
    from tools.gostack.secrets.command import import_secrets

    return import_secrets(workspace(stack), service, file)


for _function in (set_, list_, import_):
    add(app, _function)
