"""Everyday looks at a stack that runs, and ways into it."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.options import DEV, Json, Stack, docker_workspace, workspace
from tools.gostack.environment.errors import UserError

Some = Annotated[
    str | None,
    typer.Argument(
        help="Service, or ingress, mysql, consul; default: services and ingress.", autocompletion=complete.replicated
    ),
]
One = Annotated[str, typer.Argument(help="Service, or ingress, mysql, consul.", autocompletion=complete.replicated)]
Region = Annotated[str | None, typer.Option(help="Region; default: any.", autocompletion=complete.regions)]
Replica = Annotated[int | None, typer.Option(help="Number of the replica, from 0; default: the first.")]


def status(
    stack: Stack = DEV,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look every two seconds until Ctrl-C.")] = False,
    as_json: Json = False,
) -> int:
    """Say what runs and whether it is as the settings say: 0 it is, 1 something is missing."""
    from tools.gostack.status import command

    return command.status(workspace(stack), as_json=as_json, watch=watch)


def logs(
    service: Some = None,
    stack: Stack = DEV,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    since: Annotated[str, typer.Option(help="30s, 10m, 2h, 1d, or a time like 2026-01-31T12:00:00Z.")] = "10m",
    region: Region = None,
    track: Annotated[str | None, typer.Option(help="stable or canary.", autocompletion=complete.tracks)] = None,
    grep: Annotated[str, typer.Option(help="Only lines with this text.")] = "",
    request: Annotated[str, typer.Option(help="Only lines of this request_id or trace_id.")] = "",
    as_json: Json = False,
) -> int:
    """Show the lines of all replicas in order of time."""
    from tools.gostack.logs.command import Selection, logs
    from tools.gostack.logs.line import Wanted

    selection, wanted = Selection(service, region, track), Wanted(grep, request)
    return logs(workspace(stack), selection, wanted=wanted, start=since, follow=follow, json=as_json)


def sh(service: One, stack: Stack = DEV, region: Region = None, replica: Replica = None) -> int:
    """Open a shell beside a replica: its processes and network, with tools."""
    from tools.gostack.shell.command import Which, shell

    return shell(workspace(stack), Which(service, region, replica))


def exec_(
    service: One,
    command: Annotated[list[str], typer.Argument(help="What to run, after --.")],
    stack: Stack = DEV,
    region: Region = None,
    replica: Replica = None,
) -> int:
    """Run a command in a replica's container; its exit code is passed on."""
    from tools.gostack.shell.command import Which, execute

    return execute(workspace(stack), Which(service, region, replica), command)


def run(
    service: Annotated[str, typer.Argument(help="Service.", autocompletion=complete.services)],
    task: Annotated[
        str | None, typer.Argument(help="Task of the stack file; default: list them.", autocompletion=complete.tasks)
    ] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="More arguments of its program, after --.")] = None,
    stack: Stack = DEV,
    region: Annotated[
        str | None, typer.Option(help="Region; default: the database primary's.", autocompletion=complete.regions)
    ] = None,
) -> int:
    """Run a task of a service to its end; its output and its exit code are passed on."""
    from tools.gostack.tasks.command import run_task

    return run_task(workspace(stack), service, task, arguments or [], region)


def dev(
    service: Annotated[str, typer.Argument(help="Service.", autocompletion=complete.services)],
    stack: Stack = DEV,
    region: Annotated[
        str | None, typer.Option(help="Region; default: the first.", autocompletion=complete.regions)
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="One replica, under Delve at a port of this machine.")] = False,
    debug_port: Annotated[int | None, typer.Option(help="That port; default: 2345.", min=1, max=65535)] = None,
) -> int:
    """Run what is saved in the replicas of one region, until Ctrl-C brings back what was released."""
    from tools.gostack.dev.command import dev

    if debug_port is not None and not debug:
        raise UserError("--debug-port means nothing without --debug: write both.")
    return dev(docker_workspace(stack, "dev"), service, region, (debug_port or 2345) if debug else None)


def sql(
    service: Annotated[
        str | None, typer.Argument(help="Default: the only one with a database.", autocompletion=complete.services)
    ] = None,
    stack: Stack = DEV,
    write: Annotated[bool, typer.Option("--write", help="On the primary, where rows may be changed.")] = False,
    region: Region = None,
    execute: Annotated[str | None, typer.Option("--execute", "-e", help="Run this instead of asking.")] = None,
) -> int:
    """Open MySQL's client on a service's schema, read only unless --write."""
    from tools.gostack.sql import command

    return command.sql(workspace(stack), service, write=write, region=region, statement=execute)


def open_(
    what: Annotated[
        str | None,
        typer.Argument(help="Service, consul or dashboards; default: the ingress.", autocompletion=complete.addresses),
    ] = None,
    stack: Stack = DEV,
    region: Annotated[
        str | None, typer.Option(help="Region; default: the first.", autocompletion=complete.regions)
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the address only.")] = False,
) -> int:
    """Print an address of the stack, and open it in a browser."""
    from tools.gostack.open.command import open_address

    return open_address(workspace(stack), what, region, only_print=only_print)
