"""`gostack logs`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from infra.settings import Settings
from tools.gostack.environment.errors import UserError
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.logs.layout import as_json, readable
from tools.gostack.logs.line import LogLine, Wanted, since
from tools.gostack.logs.reader import Follower, written
from tools.gostack.running.replica import RunningReplica, check_names
from tools.gostack.running.runtime import runtime_of

DEFAULT_SINCE = "10m"


@dataclass(frozen=True)
class Selection:
    """Whose lines are wanted; None for all."""

    service: str | None = None
    """A service of the settings, `ingress`, `mysql` or `consul`; None for all services and the ingress."""

    region: str | None = None
    track: str | None = None

    def of(self, replicas: Iterable[RunningReplica], settings: Settings) -> list[RunningReplica]:
        """Return those of these replicas, in their order."""
        services = {self.service} if self.service else {*settings.services, "ingress"}
        return [
            one
            for one in replicas
            if one.service in services and self.region in (None, one.region) and self.track in (None, one.track)
        ]


def logs(
    workspace: Workspace,
    selection: Selection,
    *,
    wanted: Wanted,
    start: str = DEFAULT_SINCE,
    follow: bool = False,
    json: bool = False,
) -> int:
    """Print the lines of the selected replicas in order of time, and return the exit code.

    `start` is a duration or a time, see `since`. Raises UserError for names that the settings do not have, and when
    there is no such replica.
    """
    settings = workspace.settings
    check_names(settings, selection.service, selection.region, selection.track)
    moment = since(start, time.time())
    runtime = runtime_of(workspace)

    def choose() -> list[RunningReplica]:
        return selection.of(runtime.replicas(), settings)

    found = choose()
    if not found and not follow:
        raise UserError(f"the stack {workspace.stack} has no such replica: see `gostack status`.")
    width = max((len(one.name) for one in found), default=0)
    lines = Follower(runtime, choose, moment).lines() if follow else written(runtime, found, moment)
    return _print((line for line in lines if wanted(line)), json=json, width=width)


def _print(lines: Iterable[LogLine], *, json: bool, width: int) -> int:
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    try:
        for line in lines:
            print(as_json(line) if json else readable(line, colours=colours, width=width), flush=True)
    except BrokenPipeError:
        # `| head` has seen enough; Python must not complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
