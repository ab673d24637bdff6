"""Options that several commands have, and what they are made into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import PROJECT_ROOT

if TYPE_CHECKING:
    from tools.gostack.lifecycle.workspace import Workspace

Stack = Annotated[
    str, typer.Option("--stack", "-s", envvar="STACK", help="Name of the stack.", autocompletion=complete.stacks)
]
Service = Annotated[
    str, typer.Argument(envvar="SERVICE", help="Name of the service.", autocompletion=complete.services)
]
ServiceName = Annotated[str, typer.Argument(help="Service.", autocompletion=complete.services)]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: print.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for another program.")]
Purge = Annotated[bool, typer.Option("--purge", help="Remove the data too.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell every step in Pulumi's own words.")]
DEV = "dev"


def workspace(stack: str, *, verbose: bool = False) -> Workspace:
    """Return the stack of this checkout."""
    from tools.gostack.lifecycle.workspace import Workspace

    return Workspace(PROJECT_ROOT, stack, verbose=verbose)


def docker_workspace(stack: str, command: str) -> Workspace:
    """Return the stack of this checkout; raises UserError where it is on Kubernetes, which the command is not for."""
    from tools.gostack.lifecycle.lifecycle import on_cluster

    found = workspace(stack)
    if on_cluster(found):
        raise UserError(f"{command} is for stacks on Docker, and {stack} is on Kubernetes: use kubectl.")
    return found
