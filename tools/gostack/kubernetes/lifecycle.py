"""Up, refresh and down of a stack on a Kubernetes cluster that exists already, or on those that it makes itself.

What Docker needs beside Pulumi (leftovers of killed updates, containers that were stopped by hand) a cluster mends by
itself; what it does not do is answer in time, so that is asked first: a preview against a cluster that does not answer
may succeed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

from components.kubernetes.names import STACK_LABEL
from infra.settings import Settings, SettingsError
from infra.settings.names import namespaces as namespaces_of
from tools.gostack.images.build_failures import build_failures
from tools.gostack.kubernetes.api import ClusterApi, ClusterError
from tools.gostack.kubernetes.report import diagnosis
from tools.gostack.lifecycle.readiness import wait_until_reachable
from tools.gostack.lifecycle.removals import refuse_removal_of_regions, refuse_removal_of_stack
from tools.gostack.lifecycle.report import summary, write_authority
from tools.gostack.lifecycle.workspace import Workspace

_PURGE_SECONDS = 180


def up(workspace: Workspace, prepare: Callable[[], None], scope: Iterable[str] = ("--refresh",)) -> int:
    """Bring the stack to what its settings say and return Pulumi's exit code; `prepare` readies the workspace.

    `scope` is arguments of Pulumi: what it looks at anew, or what it leaves as it is.
    """
    api, code = _updated(workspace, prepare, *scope)
    if code != 0:
        return code
    outputs = workspace.outputs()
    if api is None:
        # Names and certificates spread by themselves, in minutes to hours: `gostack acceptance` looks from outside.
        print(summary(workspace, outputs))
        return 0
    # Here, because it imports the components, which a stack on Docker need not wait for.
    from tools.gostack.kubernetes.instances import wait_until_complete

    authority = write_authority(workspace, outputs)
    missing = wait_until_complete(api, workspace.settings, workspace.stack)
    if not missing:
        missing = wait_until_reachable(workspace.settings, outputs["addresses"], authority, patience=60)
        missing += diagnosis(api, workspace.stack).splitlines() if missing else []
    if missing:
        print("\n".join([f"The stack {workspace.stack} is not whole:", *missing]), file=sys.stderr)
        return 1
    print(summary(workspace, outputs))
    return 0


def update(workspace: Workspace, prepare: Callable[[], None]) -> int:
    """Run `pulumi up` alone and return its exit code."""
    return _updated(workspace, prepare)[1]


def _updated(workspace: Workspace, prepare: Callable[[], None], *arguments: str) -> tuple[ClusterApi | None, int]:
    """Run `pulumi up`, twice where a quota is lowered that what goes still needs; tell why it failed. Return the
    cluster, if there is one, and the exit code."""
    from tools.gostack.kubernetes.quota import keep_quota, quota_to_keep

    api = reachable(workspace)
    refuse_foreign_namespaces(api, workspace.settings, workspace.stack)
    prepare()
    refuse_removal_of_regions(workspace)
    kept = quota_to_keep(api, workspace.settings, workspace.stack) if api is not None else {}
    if kept:
        print("The quota is lowered at the end: what goes has to go first.", flush=True)
        keep_quota(workspace, kept)
        code = workspace.run(*_looking_ahead(workspace, "up"), *arguments)
        workspace.prepare()
        if code != 0:
            _tell(api, workspace)
            return api, code
    code = workspace.run(*_looking_ahead(workspace, "up"), *arguments)
    if code != 0:
        for text in build_failures(workspace):
            print(text, file=sys.stderr)
        _tell(api, workspace)
    return api, code


def _looking_ahead(workspace: Workspace, verb: str) -> list[str]:
    # An update meets the protection of a resource when its turn comes, after everything that goes before it: a preview
    # meets it before anything is touched. Where nothing is protected, it is only time.
    return [verb, "--yes", *([] if workspace.settings.aws is not None else ["--skip-preview"])]


def refresh(workspace: Workspace, prepare: Callable[[], None]) -> int:
    """Take over into the state what changed in the cluster and return Pulumi's exit code."""
    reachable(workspace)
    prepare()
    return workspace.run("refresh", "--yes", "--skip-preview")


def down(workspace: Workspace, prepare: Callable[[], None], *, purge: bool, forget: bool = False) -> int:
    """Remove the stack and return the exit code. Its namespaces, with the disks in them, stay unless `purge`.

    With `forget` the backend knows the stack no more. The namespaces go last: they say until when the stack may stay,
    so that a removal that was cut off is found and repeated.
    """
    api = reachable(workspace)
    prepare()
    refuse_removal_of_stack(workspace)
    code = workspace.run(*_looking_ahead(workspace, "destroy"), "--refresh")
    if code != 0:
        _tell(api, workspace)
        return code
    if forget:
        workspace.forget()
    if api is None:
        return 0
    namespaces = [item["metadata"]["name"] for item in api.items("/api/v1/namespaces", gostack_stack=workspace.stack)]
    if purge:
        for namespace in namespaces:
            remove_namespace(api, namespace)
            print(f"namespace {namespace}: removed with its data")
    elif namespaces:
        print(f"Data stays in the namespace {', '.join(sorted(namespaces))}; `make down PURGE=1` removes it.")
    return 0


def reachable(workspace: Workspace) -> ClusterApi | None:
    """Return the cluster, which answers; None where the stack makes its clusters itself.

    Raises ClusterError, or SettingsError for a kubeconfig that cannot be used.
    """
    if workspace.settings.aws is not None:
        return None
    api = ClusterApi.of(workspace.settings, workspace.project)
    api.version()
    return api


def refuse_foreign_namespaces(api: ClusterApi | None, settings: Settings, stack: str) -> None:
    """Raise SettingsError for a namespace of another stack, which an update would take over with all that is in it."""
    if api is None:
        return
    wanted = set(namespaces_of(stack, settings).values())
    for item in api.items("/api/v1/namespaces", gostack_project="gostack"):
        name, owner = item["metadata"]["name"], item["metadata"]["labels"].get(STACK_LABEL)
        if name in wanted and owner != stack:
            raise SettingsError(
                f"gostack:kubernetes.namespace: the namespace {name} on this cluster is of the stack {owner}: choose "
                "another one, or remove that stack with its data."
            )


def _tell(api: ClusterApi | None, workspace: Workspace) -> None:
    if api is not None:
        print(diagnosis(api, workspace.stack), file=sys.stderr)


def remove_namespace(api: ClusterApi, name: str) -> None:
    """Remove a namespace with everything in it and wait for its end."""
    path = f"/api/v1/namespaces/{name}"
    api.delete(path)
    deadline = time.monotonic() + _PURGE_SECONDS
    while api.exists(path):
        if time.monotonic() > deadline:
            raise ClusterError(
                f"the namespace {name} is still being removed after {_PURGE_SECONDS} s: look what holds it."
            )
        time.sleep(1)
