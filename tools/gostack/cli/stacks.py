"""`gostack stack`: the stacks of this checkout, and those that are there for a while."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.change import PullRequest, pull_request_number
from tools.gostack.cli.guard import add
from tools.gostack.cli.options import DEV, Json, Output, Stack, workspace
from tools.gostack.environment.locations import PROJECT_ROOT

app = typer.Typer(no_args_is_help=True, help="The stacks of this checkout, and those that are there for a while.")

Name = Annotated[str, typer.Argument(envvar="STACK", help="Name of the stack.")]
ORIGIN = "STACK_ORIGIN"


def new(
    name: Name,
    origin: Annotated[
        str, typer.Option("--from", envvar=ORIGIN, help="Stack that it is like.", autocompletion=complete.stacks)
    ] = DEV,
    ttl: Annotated[
        str | None, typer.Option(help="How long it may stay: 90m, 24h, 7d; then `sweep` removes it.")
    ] = None,
) -> int:
    """Write Pulumi.NAME.yaml, so that both stacks run: on Docker with free ports and networks, on a cluster with
    namespaces and host names of its own. Secrets are not copied."""
    from tools.gostack.stacks.new import lifetime, new_stack

    return new_stack(PROJECT_ROOT, name, origin, ttl=lifetime(ttl) if ttl is not None else None)


def list_(as_json: Json = False) -> int:
    """List the stacks: platform, address, and whether they are up."""
    from tools.gostack.stacks.listing import list_stacks

    return list_stacks(PROJECT_ROOT, as_json=as_json)


def seed(stack: Stack = DEV) -> int:
    """Run the task `seed` of every service that has one."""
    from tools.gostack.stacks.seed import seed

    return seed(workspace(stack))


def describe(stack: Stack = DEV, output: Output = None) -> int:
    """Say where a running stack is, as JSON, for `comment`."""
    from tools.gostack.stacks.description import describe

    return describe(workspace(stack), output)


def comment(
    file: Annotated[Path, typer.Argument(help="What `describe` wrote.")], pull_request: PullRequest = None
) -> int:
    """Put where a stack is into a comment of its pull request (default: that of the event)."""
    from tools.gostack.stacks.description import comment

    return comment(file, pull_request_number(pull_request))


def remove(
    name: Name,
    origin: Annotated[
        str | None,
        typer.Option("--from", envvar=ORIGIN, help="Stack that it is like, where its file is not here."),
    ] = None,
) -> int:
    """Remove a stack with its data, its state and its file."""
    from tools.gostack.stacks.remove import remove_stack

    return remove_stack(PROJECT_ROOT, name, origin)


def sweep(
    origin: Annotated[
        str | None,
        typer.Option("--from", envvar=ORIGIN, help="Look at the cluster of this stack, too."),
    ] = None,
) -> int:
    """Remove the stacks whose time is over: 1 when one could not be removed."""
    from tools.gostack.stacks.sweep import sweep

    return sweep(PROJECT_ROOT, origin)


for _function in (new, list_, seed, describe, comment, remove, sweep):
    add(app, _function)
