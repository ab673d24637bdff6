"""`gostack status`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from infra.outputs import CONSOLE_PAGE
from infra.settings import Settings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace, demand_up
from tools.gostack.running.replica import RunningReplica
from tools.gostack.running.runtime import refuse_aws
from tools.gostack.status.certificates import authority_days, entry
from tools.gostack.status.model import DatabaseMember, IngressEntry, ReplicaCount, Status
from tools.gostack.status.traffic import firing_alerts, with_traffic
from tools.gostack.telemetry.console import Console
from tools.gostack.telemetry.forwarding import forwarded

WATCH_SECONDS = 2.0
_TELEMETRY_SECONDS = 2.0
"""Time in seconds for an answer of the telemetry, without which a status is shown, too."""

MISSING = 1

Parts = tuple[list[ReplicaCount], list[DatabaseMember], list[str]]
"""Counts, members, and a sentence for each thing that is missing."""


def status(workspace: Workspace, *, as_json: bool = False, watch: bool = False) -> int:
    """Show what a stack has, and return 0 when everything is as the settings say, else 1.

    `as_json` prints an object with these keys: `well` (bool), `stack`, `services` (a list of `service`, `track`,
    `region`, `image`, `passing`, `wanted`, and `traffic`: null or `requests_per_second`, `error_percent`,
    `p99_milliseconds`), `databases` (`place`, `role`, `state`), `ingresses` (`region`, `address`, `reachable`,
    `certificate_days`), `ca_days`, `problems`, a list of sentences, and `alerts`, null or how many fire. `watch` shows
    it again every two seconds until Ctrl-C: on a terminal in place, else one after the other.

    Raises UserError for a stack that is not up at all.
    """
    look = looker(workspace)
    if watch:
        return _watch(look, as_json=as_json)
    found = look()
    _show(found, as_json=as_json)
    return 0 if found.well else MISSING


def looker(workspace: Workspace) -> Callable[[], Status]:
    """Return what looks at a stack; its settings and outputs are read once."""
    settings, stack = workspace.settings, workspace.stack
    refuse_aws(settings, stack)
    outputs = workspace.outputs()
    demand_up(outputs, stack, "addresses")
    console = _console(workspace, outputs)
    parts = _on_kubernetes(workspace) if settings.platform == "kubernetes" else _on_docker(workspace, outputs)

    def look() -> Status:
        counts, members, problems = parts()
        entries, refused = _entries(outputs, settings)
        authority = authority_days(outputs["ca_certificate"])
        problems += refused
        if authority is not None and authority < 0:
            problems.append("the stack's certificate authority has expired: raise gostack:rotation.authority.")
        counts, alerts = with_traffic(counts, console), firing_alerts(console)
        return Status(stack, counts, members, entries, authority, problems, alerts)

    return look


def _console(workspace: Workspace, outputs: dict[str, Any]) -> Console | None:
    url = outputs.get("dashboards", {}).get(CONSOLE_PAGE)
    try:
        return Console(forwarded(workspace, url), _TELEMETRY_SECONDS) if url else None
    except UserError as error:
        # What runs is known all the same.
        print(f"note: nobody knows what clients get: {error}", file=sys.stderr)
        return None


def _on_docker(workspace: Workspace, outputs: dict[str, Any]) -> Callable[[], Parts]:
    from tools.gostack.running.docker import DockerRuntime
    from tools.gostack.status.docker import Snapshot, counted, members

    settings = workspace.settings
    client = Snapshot.of(workspace.stack, workspace.variables).client

    def parts() -> Parts:
        objects = Snapshot(client, workspace.stack)
        running: list[RunningReplica] = DockerRuntime(workspace, objects).replicas()
        counts, problems = counted(settings, objects, running, outputs["consul"])
        found, missing = members(settings, objects)
        return counts, found, [*problems, *missing]

    return parts


def _on_kubernetes(workspace: Workspace) -> Callable[[], Parts]:
    from tools.gostack.running.kubernetes import KubernetesRuntime
    from tools.gostack.status.kubernetes import counted, members

    settings, runtime = workspace.settings, KubernetesRuntime(workspace)

    def parts() -> Parts:
        running = runtime.replicas()
        counts, problems = counted(settings, runtime.api, workspace.stack, running)
        found, missing = members(settings, workspace.stack, running)
        return counts, found, [*problems, *missing]

    return parts


def _entries(outputs: dict[str, Any], settings: Settings) -> tuple[list[IngressEntry], list[str]]:
    addresses: dict[str, str] = outputs["addresses"]
    host, public = settings.ingress.hosts[0], settings.first_host_certified_elsewhere
    asked = [
        entry(region, address, host, outputs["ca_certificate"], public=public) for region, address in addresses.items()
    ]
    return [one for one, _ in asked], [problem for _, problem in asked if problem]


def _show(found: Status, *, as_json: bool) -> None:
    # Imported here: they take time, and JSON needs neither.
    from tools.gostack.status.layout import as_renderable, as_text

    if as_json:
        print(json.dumps(found.document()), flush=True)
    elif sys.stdout.isatty():
        from rich import print as show

        show(as_renderable(found))
    else:
        print(as_text(found), flush=True)


def _watch(look: Callable[[], Status], *, as_json: bool) -> int:
    if as_json or not sys.stdout.isatty():
        while True:
            _show(look(), as_json=as_json)
            time.sleep(WATCH_SECONDS)
    from rich.live import Live
    from rich.text import Text

    from tools.gostack.status.layout import as_renderable

    with Live(as_renderable(look(), verdict_first=True), auto_refresh=False) as live:
        while True:
            time.sleep(WATCH_SECONDS)
            try:
                live.update(as_renderable(look(), verdict_first=True), refresh=True)
            except UserError as error:
                # Whoever watches waits for the end of just that.
                live.update(Text(str(error), "red"), refresh=True)
