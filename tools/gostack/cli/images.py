"""`gostack images`: which images run, what is in them, and whose signature they have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.guard import add, without_subcommand
from tools.gostack.cli.options import DEV, Output, Stack, workspace
from tools.gostack.images.format import Format

app = typer.Typer(invoke_without_command=True, help="Say which image each service runs, as JSON; or look into them.")

One = Annotated[str, typer.Argument(envvar="SERVICE", help="Name of the image.", autocompletion=complete.services)]
Some = Annotated[
    str | None,
    typer.Argument(help="Name of the image, or name@digest; default: all.", autocompletion=complete.services),
]
Database = Annotated[
    Path | None,
    typer.Option(
        envvar="VULNERABILITY_DATABASE",
        exists=True,
        dir_okay=False,
        help="File for grype; default: grype fetches its own.",
    ),
]


@app.callback()
def images(context: typer.Context, stack: Stack = DEV, output: Output = None) -> None:
    """Say which image each service runs, as JSON; or look into them."""

    def write() -> int:
        from tools.gostack.release.images import write_images

        return write_images(workspace(stack), output)

    without_subcommand(context, write)


def sbom(
    service: One,
    stack: Stack = DEV,
    kind: Annotated[Format, typer.Option("--format", help="CycloneDX or SPDX.")] = Format.CYCLONEDX,
) -> int:
    """Print what is in the image that runs: its software bill of materials."""
    from tools.gostack.images import command

    return command.print_sbom(workspace(stack), service, kind)


def scan(service: Some = None, stack: Stack = DEV, database: Database = None) -> int:
    """Tell what is known to be wrong with images: 1 something critical or high has a fix."""
    from tools.gostack.images import command

    return command.scan(workspace(stack), service, database)


def sign(
    service: Some = None,
    stack: Stack = DEV,
    key: Annotated[
        str | None,
        typer.Option(envvar="COSIGN_KEY", help="File or address of a key; default: the workflow's identity."),
    ] = None,
    database: Database = None,
) -> int:
    """Scan the images that the stack builds, and sign those that may run."""
    from tools.gostack.images import command

    return command.sign(workspace(stack), service, key, database)


def verify(service: Some = None, stack: Stack = DEV) -> int:
    """Say whether the images have the signature that the stack asks for: 1 one has not."""
    from tools.gostack.images import command

    return command.verify(workspace(stack), service)


def tag(service: Some = None, stack: Stack = DEV) -> int:
    """Give the images that the stack builds tags for people: commit, version, latest."""
    from tools.gostack.images import command

    return command.tag(workspace(stack), service)


for _command in (sbom, scan, sign, verify, tag):
    add(app, _command)
