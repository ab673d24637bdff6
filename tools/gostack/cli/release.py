"""A version of a service on its way to clients."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.options import DEV, Json, Service, Stack, workspace
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import PROJECT_ROOT


class Switch(StrEnum):
    """Whether something is so."""

    ON = "on"
    OFF = "off"


Commit = Annotated[str, typer.Option(envvar="COMMIT", help="Newest commit of the main branch.")]


def promote(service: Service, stack: Stack = DEV) -> int:
    """Walk the canary of a service to all clients, or back."""
    from tools.gostack.canary import promote as canary

    # Each step is told in a line of its own; Pulumi speaks when one fails.
    return canary.promote(dataclasses.replace(workspace(stack), quiet=True), service)


def rollback(
    service: Service,
    stack: Stack = DEV,
    to: Annotated[int | None, typer.Option(help="Number of `gostack releases`; default: the one before.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also where migrations lie between.")] = False,
) -> int:
    """Take all clients away from the canary of a service, at once; without a canary go back to an earlier release."""
    from tools.gostack.canary import promote as canary
    from tools.gostack.rollback.command import roll_back

    found = workspace(stack)
    values = found.settings.services.get(service)
    if values is None or values.canary is None:
        return roll_back(found, service, to, force=force)
    if to is not None:
        raise UserError(f"{service} has a canary, which a rollback takes away first: run it without --to.")
    return canary.roll_back(dataclasses.replace(found, quiet=True), service)


def releases(
    service: Annotated[
        str | None, typer.Argument(help="Service; default: all.", autocompletion=complete.services)
    ] = None,
    stack: Stack = DEV,
    as_json: Json = False,
) -> int:
    """Say who released what, when, from which commit, and how it ended; newest first."""
    from tools.gostack.releases import command

    return command.releases(workspace(stack), service, as_json=as_json)


def maintenance(
    state: Annotated[Switch, typer.Argument(help="on or off.")],
    service: Annotated[
        str | None, typer.Argument(help="Service; default: all with a route.", autocompletion=complete.services)
    ] = None,
    stack: Stack = DEV,
) -> int:
    """Let the ingress answer for a service, with 503 and a page; whatever else has changed is released with it, and
    replicas stay when nothing has."""
    from tools.gostack.maintenance import command

    return command.maintenance(workspace(stack), on=state is Switch.ON, service=service)


def acceptance(stack: Stack = DEV) -> int:
    """Check a deployed stack from outside."""
    from tools.gostack.release import acceptance as checks

    return checks.acceptance(workspace(stack))


def set_image(
    service: Service,
    image: Annotated[str, typer.Argument(envvar="IMAGE", help="With a digest or a fixed tag.")],
    stack: Stack = DEV,
    migrations: Annotated[
        str | None, typer.Option(envvar="MIGRATIONS_IMAGE", help="The same, of what applies its SQL files.")
    ] = None,
) -> int:
    """Write an image as what a service runs into the stack file; `up` rolls it out."""
    from tools.gostack.release import images as release

    return release.set_image(workspace(stack), service, image, migrations)


def accepted(commit: Commit) -> int:
    """Say which run on main has tested a commit and accepted it in staging; fails when none has."""
    from tools.gostack.github.client import GitHub
    from tools.gostack.release import accepted as runs

    return runs.accepted(GitHub.of(), commit)


def copy_image(
    service: Service,
    commit: Commit,
    release: Annotated[Path, typer.Option(envvar="RELEASE", help="What staging accepted, written by `images`.")],
    stack: Stack = DEV,
) -> int:
    """Copy an accepted image to where the stack's images are, by its digest."""
    from tools.gostack.release import copy_image as registry

    return registry.copy_image(workspace(stack), service, release, commit)


def registry_login(stack: Stack = DEV) -> int:
    """Log in to REGISTRY as REGISTRY_USER with REGISTRY_PASSWORD."""
    from tools.gostack.release import crane

    return crane.registry_login(workspace(stack), os.environ.get("REGISTRY", ""))


def kubeconfig(stack: Stack = DEV) -> int:
    """Write the kubeconfig of the stack's cluster from KUBECONFIG_CONTENT."""
    from tools.gostack.release.kubeconfig import write_kubeconfig

    return write_kubeconfig(workspace(stack), os.environ.get("KUBECONFIG_CONTENT", ""))


def restore_release(stack: Stack = DEV) -> int:
    """After a release that failed: the stack file of the last commit, and `up`."""
    from tools.gostack.lifecycle import lifecycle

    found = workspace(stack)
    command = ["git", "-C", str(PROJECT_ROOT), "checkout", "--quiet", "HEAD", "--", found.stack_file.name]
    if subprocess.run(command, check=False).returncode != 0:
        raise UserError(f"{found.stack_file.name} cannot be taken from the last commit: see above.")
    return lifecycle.up(found)
