"""`gostack new`: what begins from a skeleton."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.guard import add
from tools.gostack.cli.options import DEV
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.new.kind import Kind

app = typer.Typer(no_args_is_help=True, help="A service from a skeleton.")

Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack",
        "-s",
        envvar="STACK",
        help="Stack whose file gets its entry; may be there several times. Default: dev.",
        autocompletion=complete.stacks,
    ),
]


def service(
    name: Annotated[str, typer.Argument(help="Name: lower-case letters, digits and hyphens.")],
    kind: Annotated[Kind, typer.Option(help="What it answers.")] = Kind.HTTP,
    stack: Stacks = None,
) -> int:
    """Write services/NAME, a Go module with a test, and its entry in the stack file."""
    from tools.gostack.new.command import new_service

    return new_service(PROJECT_ROOT, name, kind, stack or [DEV])


add(app, service)
