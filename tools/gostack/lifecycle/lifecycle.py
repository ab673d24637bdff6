"""Up, preview, refresh and down of one stack."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from tools.gostack.environment.locations import state_folder
from tools.gostack.environment.locks import exclusive
from tools.gostack.environment.progress import Progress
from tools.gostack.images.build_failures import build_failures
from tools.gostack.kubernetes import lifecycle as cluster_lifecycle
from tools.gostack.lifecycle.images import remove_images, remove_old_images
from tools.gostack.lifecycle.leftovers import evict, holds_data, remove_leftovers, remove_volumes_without_data
from tools.gostack.lifecycle.lock import release_stale_lock
from tools.gostack.lifecycle.networks import join_networks
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.plugins import end_orphaned_plugins
from tools.gostack.lifecycle.readiness import wait_until_reachable
from tools.gostack.lifecycle.removals import refuse_removal_of_regions
from tools.gostack.lifecycle.repair import mend
from tools.gostack.lifecycle.report import diagnosis, summary, write_authority
from tools.gostack.lifecycle.rows import refuse_lost_rows
from tools.gostack.lifecycle.targets import target_arguments
from tools.gostack.lifecycle.truth import forget_what_is_gone, wait_until_whole, what_fails
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.offline.plugins import NOTICE, rehearsal
from tools.offline.toolchain.programs import cosign


def up(workspace: Workspace, service: str | None = None) -> int:
    """Bring the stack to what its settings say, whatever state it is in, and return Pulumi's exit code.

    With a `service` the others stay as they are, and are not asked how they are.
    """
    # Wrong settings are told before anything else happens.
    settings = workspace.settings
    # What was killed or removed by hand is seen only by a refresh. Of single resources Pulumi cannot make one, for want
    # of their provider: what is missing of a service is told at the end.
    scope = target_arguments(settings, service) if service is not None else ["--refresh"]
    with _alone(workspace):
        if on_cluster(workspace):
            return cluster_lifecycle.up(workspace, lambda: _prepared_for_change(workspace, service), scope)
        return _up(workspace, service, scope)


def _up(workspace: Workspace, service: str | None, scope: Iterable[str]) -> int:
    objects = _ready(workspace, service)
    # Nothing changes it before the update itself.
    state = workspace.state()
    refuse_lost_rows(workspace, state)
    _tell(remove_leftovers(state, objects))
    _tell(join_networks(state, objects))
    _tell(mend(objects))
    code = workspace.run("up", "--yes", "--skip-preview", *scope)
    settings = workspace.settings
    if service is not None:
        settings = settings.model_copy(update={"services": {service: settings.services[service]}})
    if code != 0:
        _tell_why(workspace, objects)
        return code
    outputs = workspace.outputs()
    _tell(forget_what_is_gone(objects, outputs["consul"]))
    missing = wait_until_whole(settings, objects, outputs["consul"], lambda sentence: _tell([sentence]))
    authority = write_authority(workspace, outputs)
    if settings.first_host_certified_elsewhere:
        authority = None
    # Without a replica, an ingress has nothing to reach.
    unreachable = [] if missing else wait_until_reachable(settings, outputs["addresses"], authority)
    if missing or unreachable:
        print("\n".join(["", diagnosis(objects), *missing, *unreachable]), file=sys.stderr)
        print(f"error: the stack {workspace.stack} is not what its settings say: see above.", file=sys.stderr)
        return 1
    remove_old_images(objects)
    print(summary(workspace, outputs))
    return 0


def update(workspace: Workspace) -> int:
    """Run `pulumi up` alone, without looking for what was killed, and return its exit code.

    While another command works on the stack, it waits.
    """
    _ = workspace.settings
    with in_turn(workspace):
        if on_cluster(workspace):
            return cluster_lifecycle.update(workspace, lambda: _prepared_for_change(workspace))
        objects = _ready(workspace)
        refuse_lost_rows(workspace, workspace.state())
        code = workspace.run("up", "--yes", "--skip-preview")
        if code != 0:
            _tell_why(workspace, objects)
        return code


def preview(workspace: Workspace, arguments: Iterable[str] = ()) -> int:
    """Show what `up` would change and return Pulumi's exit code."""
    if on_cluster(workspace):
        # Where no cluster answers, a preview may succeed and mean nothing.
        cluster_lifecycle.reachable(workspace)
    rehearsed = rehearsal(workspace.project, workspace.stack_file, workspace.variables)
    if rehearsed:
        # On the other stream: with --json, the first one is read by a program.
        print(NOTICE, file=sys.stderr)
        workspace.variables.update(rehearsed)
    workspace.prepare()
    refuse_removal_of_regions(workspace)
    refuse_lost_rows(workspace, workspace.state())
    return workspace.run("preview", "--diff", *arguments)


def refresh(workspace: Workspace) -> int:
    """Take over into the state what changed on the engine and return Pulumi's exit code."""
    _ = workspace.settings
    with _alone(workspace):
        if on_cluster(workspace):
            return cluster_lifecycle.refresh(workspace, lambda: _prepared(workspace))
        _ready(workspace)
        return workspace.run("refresh", "--yes", "--skip-preview")


def down(workspace: Workspace, *, purge: bool, forget: bool = False) -> int:
    """Remove the stack and return the exit code. Data volumes stay unless `purge`; with `forget`, for which everything
    must go, the backend knows the stack no more."""
    with _alone(workspace):
        if on_cluster(workspace):
            return cluster_lifecycle.down(workspace, lambda: _prepared(workspace), purge=purge, forget=forget)
        code = _down(workspace, purge=purge)
        if code == 0 and forget:
            workspace.forget()
        return code


def _down(workspace: Workspace, *, purge: bool) -> int:
    objects = _ready(workspace)
    _tell(remove_leftovers(workspace.state(), objects))
    code = workspace.run("destroy", "--yes", "--skip-preview", "--refresh")
    if code != 0:
        print(diagnosis(objects), file=sys.stderr)
        return code
    remove_images(objects)
    # What an update left that was killed before it could write down even one container.
    _tell(remove_volumes_without_data(objects))
    data = [volume for volume in objects.volumes() if holds_data(volume)]
    if purge:
        for volume in data:
            volume.remove()
            print(f"data volume {volume.name}: removed")
    elif data:
        names = ", ".join(sorted(volume.name for volume in data))
        print(f"Data stays in {names}; `make down PURGE=1` removes it.")
    return 0


def remove_foreign(workspace: Workspace) -> int:
    """Remove what carries the stack's name on the engine though this checkout did not make it; data volumes stay."""
    _tell(evict(workspace, StackObjects.of(workspace.stack, workspace.variables)))
    return 0


def in_turn(workspace: Workspace) -> AbstractContextManager[None]:
    """Keep other commands off the stack, after the end of the one that works on it."""
    return _locked(workspace, lambda: print("another command works on the stack: waiting for its end"))


def _alone(workspace: Workspace) -> AbstractContextManager[None]:
    """Keep other commands off the stack: what one of them mends, another may just be making."""

    def refuse() -> None:
        raise PulumiError(f"another command works on the stack {workspace.stack}: wait for its end.")

    return _locked(workspace, refuse)


def _locked(workspace: Workspace, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
    # The file outlives the stack: whoever waits for it would hold one that nobody else finds, were it removed.
    return exclusive(state_folder(workspace.project) / f"{workspace.stack}.lock", on_wait)


def on_cluster(workspace: Workspace) -> bool:
    """Whether the stack lives on a Kubernetes cluster; raises SettingsError."""
    return workspace.settings.platform == "kubernetes"


def _prepared(workspace: Workspace, only: str | None = None) -> None:
    _tell(release_stale_lock(workspace))
    _tell(end_orphaned_plugins(workspace.project))
    workspace.prepare()
    if only is not None and only not in workspace.outputs().get("services", {}):
        raise PulumiError(f"{only} is not in the running stack {workspace.stack} yet: run `make up`.")


def _prepared_for_change(workspace: Workspace, only: str | None = None) -> None:
    _prepared(workspace, only)
    if workspace.settings.signatures is not None:
        # The program asks it before an image runs.
        folder = cosign(workspace.project, Progress()).parent
        workspace.variables["PATH"] = f"{folder}{os.pathsep}{workspace.variables['PATH']}"
    refuse_lost_rows(workspace, workspace.state())


def _ready(workspace: Workspace, only: str | None = None) -> StackObjects:
    _prepared(workspace, only)
    return StackObjects.of(workspace.stack, workspace.variables)


def _tell_why(workspace: Workspace, objects: StackObjects) -> None:
    """Tell what is not well after an update that failed, containers in their own words, replicas in their check's."""
    regions = workspace.settings.regions
    # The outputs of a stack that never came up say nothing of it.
    urls = {region: f"http://127.0.0.1:{values.consul_port}" for region, values in regions.items()}
    told = [*build_failures(workspace), diagnosis(objects), *what_fails(workspace.settings, objects, urls)]
    print("\n".join(told), file=sys.stderr)


def _tell(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        print(f"mended: {sentence}", flush=True)
