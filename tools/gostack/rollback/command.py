"""`gostack rollback` of a service without a canary: an earlier image, which is still there, is released again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tools.gostack.documents import mapping
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.images import set_image
from tools.gostack.releases.command import updates_of
from tools.gostack.releases.model import SUCCEEDED, Release
from tools.gostack.rollback.images import is_there
from tools.gostack.rollback.migrations import migrations_between

IsThere = Callable[[Workspace, str], bool]
"""Whether a stack can get an image."""


def roll_back(
    workspace: Workspace, service: str, to: int | None = None, *, force: bool = False, there: IsThere = is_there
) -> int:
    """Release an earlier image of a service again, and nothing of the others, and return the exit code; nothing is
    built.

    `to` is a number of `gostack releases`; default: the last release with another image than the one that runs. With
    `force` migrations that lie between are no reason to refuse. Raises UserError.
    """
    settings = workspace.settings
    found = updates_of(workspace, service)
    release = chosen(found, service, running(workspace, service), to)
    changed, unknown = migrations_between(workspace.project, settings.services[service], release.commit)
    if (changed or unknown) and not force:
        why = (
            f"migrations lie between ({', '.join(changed[:3])})"
            if changed
            else f"whether migrations lie between cannot be told: {unknown}"
        )
        raise UserError(
            f"{service} is not rolled back to {release.image}: {why}. The schema stays as it is; if that version works "
            "with it, repeat with --force."
        )
    if not there(workspace, release.image):
        raise UserError(
            f"{release.image} is gone from the engine and no registry gives it: choose another release with --to "
            f"(`gostack releases {service}`), or check out {release.commit[:9] or 'its commit'} and run `make up`."
        )
    source = settings.services[service].context
    set_image(workspace, service, release.image)
    if lifecycle.up(workspace, service) != 0:
        raise PulumiError(
            f"{workspace.stack_file.name} has {release.image} for {service}, and the update failed: correct the cause "
            "and run `make up`"
        )
    print(f"{service}: {release.image} runs again; commit {workspace.stack_file.name}")
    if source is not None:
        print(
            f"It is not built from {source} any more: once that is corrected, write context: {source} in the place of "
            "image."
        )
    return 0


def running(workspace: Workspace, service: str) -> str:
    """Return the image that a service runs; raises UserError for one that does not run yet."""
    services = mapping(workspace.outputs().get("services"))
    if service not in services:
        raise UserError(f"{service} does not run in {workspace.stack} yet: run `make up`.")
    return str(services[service]["image"])


def chosen(releases: Sequence[Release], service: str, current: str, to: int | None) -> Release:
    """Return the release to go back to, of those of a service, oldest first; raises UserError."""
    if to is not None:
        named = [one for one in releases if one.number == to]
        if not named:
            known = ", ".join(str(one.number) for one in releases if one.number) or "none yet"
            raise UserError(f"{service} has no release {to}: use one of {known}.")
        release = named[0]
        if release.image == current:
            raise UserError(f"{service} runs {current} already, which is release {to}.")
    else:
        good = [one for one in releases if one.result == SUCCEEDED and one.image not in ("", current)]
        if not good:
            raise UserError(f"{service} has no earlier release than {current}: there is nothing to go back to.")
        release = good[-1]
    if not release.image:
        raise UserError(f"which image release {to} of {service} was is not known: choose another one with --to.")
    return release
