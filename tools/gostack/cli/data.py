"""The rows and files of the services, and where the database takes writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.options import DEV, Json, Stack, docker_workspace, workspace


def backup(
    file: Annotated[Path | None, typer.Argument(help="Default: .gostack/backups/<stack>-<time>.sql.gz.")] = None,
    stack: Stack = DEV,
) -> int:
    """Write the rows of all services into one compressed file, and their volumes into another one beside it."""
    from tools.gostack.database import backup as backups
    from tools.gostack.lifecycle.lifecycle import in_turn

    found = docker_workspace(stack, "backup")
    with in_turn(found):
        return backups.backup(found, file)


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    stack: Stack = DEV,
    force: Annotated[bool, typer.Option("--force", help="Replace rows and files that are there.")] = False,
) -> int:
    """Bring the rows of a backup back, and the volumes from the file beside it."""
    from tools.gostack.database import restore as backups
    from tools.gostack.lifecycle.lifecycle import in_turn

    found = docker_workspace(stack, "restore")
    with in_turn(found):
        return backups.restore(found, file, force=force)


def failover(
    region: Annotated[
        str, typer.Argument(envvar="REGION", help="Where the primary is to be.", autocompletion=complete.regions)
    ],
    stack: Stack = DEV,
) -> int:
    """Move the primary of the MySQL group to another region, as planned work."""
    from tools.gostack.database import failover as group

    return group.failover(docker_workspace(stack, "failover"), region)


def databases(stack: Stack = DEV, as_json: Json = False) -> int:
    """List the schemas on the primary, how large they are, and which service has each."""
    from tools.gostack.database import schemas

    return schemas.databases(workspace(stack), as_json=as_json)


def rds_certificates(stack: Stack = DEV) -> int:
    """Fetch the certificates of Amazon's database authorities for the regions of a stack on AWS."""
    from tools.gostack.rds_certificates import write_certificates

    return write_certificates(workspace(stack).stack_file)


def prices(stack: Stack = DEV) -> int:
    """Renew the tables of prices for the regions of a stack on AWS, from AWS's public price list."""
    from tools.gostack.prices.command import renew

    return renew(workspace(stack).stack_file)
