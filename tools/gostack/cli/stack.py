"""Everyday commands: a stack comes up, changes and goes."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.options import DEV, Json, Purge, Stack, Verbose, docker_workspace, workspace
from tools.gostack.environment.locations import PROJECT_ROOT, state_folder

LeaveRows = Annotated[
    list[str] | None,
    typer.Option(
        envvar="LEAVE_ROWS",
        help="Schema, volume or region whose data may stay behind when another one takes its place.",
    ),
]


def up(
    service: Annotated[
        str | None,
        typer.Argument(
            help="Only this service of a running stack, with its routes; the others stay as they are.",
            autocompletion=complete.services,
        ),
    ] = None,
    stack: Stack = DEV,
    leave_rows: LeaveRows = None,
    verbose: Verbose = False,
    sign: Annotated[bool, typer.Option("--sign", help="Scan and sign the images that it builds and pushes.")] = False,
) -> int:
    """Everything, from a fresh machine to a running stack; run it again after any change, crash or interruption."""
    from tools.gostack.lifecycle import lifecycle

    found = dataclasses.replace(workspace(stack, verbose=verbose), leave_rows=tuple(leave_rows or ()))
    if sign:
        from components.images.signatures import SIGN_COMMAND

        command = [str(PROJECT_ROOT / ".venv" / "bin" / "gostack"), "images", "sign", "--stack", stack]
        os.environ[SIGN_COMMAND] = shlex.join(command)
        if found.settings.signatures is None:
            print(f"gostack:signatures of {stack} names no signer: nothing is signed")
    if service is not None:
        # Of a stack that runs, the machine is ready.
        return lifecycle.up(found, service)
    if (code := doctor(stack)) != 0:
        return code
    prepare(stack)
    return lifecycle.up(found)


def preview(stack: Stack = DEV, leave_rows: LeaveRows = None) -> int:
    """Show what `up` would change."""
    from tools.gostack.lifecycle import lifecycle

    return lifecycle.preview(dataclasses.replace(workspace(stack), leave_rows=tuple(leave_rows or ())))


def down(stack: Stack = DEV, purge: Purge = False, verbose: Verbose = False) -> int:
    """Remove the stack; its data stays unless --purge."""
    from tools.gostack.lifecycle import lifecycle

    return lifecycle.down(workspace(stack, verbose=verbose), purge=purge)


def refresh(stack: Stack = DEV, verbose: Verbose = False) -> int:
    """Take over into the state what has changed outside of Pulumi."""
    from tools.gostack.lifecycle import lifecycle

    return lifecycle.refresh(workspace(stack, verbose=verbose))


def evict(stack: Stack = DEV) -> int:
    """Remove containers that carry the stack's name though another checkout made them; data stays."""
    from tools.gostack.lifecycle import lifecycle

    return lifecycle.remove_foreign(docker_workspace(stack, "evict"))


def doctor(stack: Stack = DEV, as_json: Json = False) -> int:
    """Say what would make `up` fail, with the command that fixes it."""
    from tools.gostack.doctor.command import run

    return run(PROJECT_ROOT, stack, as_json)


def prepare(stack: Stack = DEV) -> int:
    """Make this machine ready for a stack: toolchain, Docker engine, images."""
    from tools.gostack.environment import preparation
    from tools.gostack.environment.progress import Progress

    preparation.prepare(PROJECT_ROOT, stack, Progress())
    return 0


def env(stack: Stack = DEV) -> int:
    """Print the variables for plain `pulumi` on a stack: eval "$(make -s env)"."""
    from tools.gostack.environment.variables import exports

    sys.stdout.write(exports(workspace(stack).toolchain_variables))
    return 0


def trust(
    stack: Stack = DEV,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out again.")] = False,
) -> int:
    """Let this system and its browsers trust the stack's certificates; says what takes root."""
    from tools.gostack.trust.command import trust

    return trust(workspace(stack), remove=remove)


def explore(
    stacks: Annotated[list[str] | None, typer.Argument(help="Stacks to show; default: all with a file.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: .gostack/explorer.html.")] = None,
) -> int:
    """Draw the stacks and their differences as one HTML page."""
    from tools.gostack.explorer.command import write_page

    return write_page(stacks or [], output or state_folder(PROJECT_ROOT) / "explorer.html")


def dashboards(
    folder: Annotated[Path | None, typer.Option("--output", "-o", help="Default: .gostack/dashboards.")] = None,
) -> int:
    """Write the console's charts as JSON files that any Grafana imports."""
    from tools.gostack.telemetry.dashboards import write_dashboards

    return write_dashboards(folder or state_folder(PROJECT_ROOT) / "dashboards")


def notice() -> int:
    """Write NOTICE, the licences of everything of others; 1 one of them is not allowed."""
    from tools.gostack.notice.command import write_notice

    return write_notice(PROJECT_ROOT)


def reference() -> int:
    """Write docs/configuration.md and the JSON schema of stack files from the settings."""
    from tools.gostack.reference import write_reference
    from tools.gostack.schema import write_schema

    write_schema()
    return write_reference()
