"""`gostack stack`: the stacks of this checkout."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.guard import add
from tools.gostack.cli.options import DEV, Json
from tools.gostack.environment.locations import PROJECT_ROOT

app = typer.Typer(no_args_is_help=True, help="The stacks of this checkout.")


def new(
    name: Annotated[str, typer.Argument(help="Name of the stack.")],
    origin: Annotated[str, typer.Option("--from", help="Stack that it is like.", autocompletion=complete.stacks)] = DEV,
) -> int:
    """Write Pulumi.NAME.yaml with free ports and networks, so that both stacks run; secrets are not copied."""
    from tools.gostack.stacks.new import new_stack

    return new_stack(PROJECT_ROOT, name, origin)


def list_(as_json: Json = False) -> int:
    """List the stacks: platform, address, and whether they are up."""
    from tools.gostack.stacks.listing import list_stacks

    return list_stacks(PROJECT_ROOT, as_json=as_json)


for _function in (new, list_):
    add(app, _function)
