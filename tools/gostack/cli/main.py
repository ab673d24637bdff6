"""`gostack`: one program for everything that is done with a stack beside `pulumi` itself.

Exit codes: 0 well, 1 failed (one sentence says why), 2 wrong usage, 130 interrupted; `gate` has 3 and 4, `drift` has 5.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import typer

from tools.gostack.cli import (
    alerts,
    change,
    data,
    flags,
    images,
    new,
    offline,
    release,
    running,
    secrets,
    stack,
    stacks,
)
from tools.gostack.cli.guard import add
from tools.gostack.environment.processes import stop_children

COMMANDS: Mapping[str, Sequence[Callable[..., int]]] = {
    "Every day": [
        stack.up,
        stack.preview,
        stack.down,
        stack.doctor,
        stack.env,
        stack.explore,
        stack.dashboards,
        stack.refresh,
    ],
    "A running stack": [
        running.status,
        running.logs,
        running.sh,
        running.exec_,
        running.run,
        running.dev,
        running.sql,
        running.open_,
    ],
    "Data": [data.databases, data.backup, data.restore, data.failover],
    "A change": [change.record, change.report, change.gate, change.comment, change.policy, change.drift],
    "A release": [
        release.releases,
        release.promote,
        release.rollback,
        release.maintenance,
        release.set_image,
        release.accepted,
        release.copy_image,
        release.acceptance,
        release.restore_release,
    ],
    "This machine": [stack.prepare, stack.trust, stack.evict, release.kubeconfig, release.registry_login],
    "This repository": [stack.reference, stack.notice, data.rds_certificates, data.prices],
}
"""By the heading under which help shows them."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Regions of Go microservices on Docker, Kubernetes or AWS.",
    epilog="Exit codes: 0 well, 1 failed, 2 wrong usage, 130 interrupted; gate: 3 not yet, 4 no; drift: 5 something.",
)
for _panel, _functions in COMMANDS.items():
    for _function in _functions:
        add(app, _function, _panel)
app.add_typer(secrets.app, name="secrets", rich_help_panel="Every day")
app.add_typer(alerts.app, name="alerts", rich_help_panel="A running stack")
app.add_typer(flags.app, name="flags", rich_help_panel="A running stack")
app.add_typer(images.app, name="images", rich_help_panel="A release")
app.add_typer(stacks.app, name="stack", rich_help_panel="Every day")
app.add_typer(new.app, name="new", rich_help_panel="Every day")
app.add_typer(offline.app, name="offline", rich_help_panel="This machine")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Ends the same way as Ctrl-C: children first, no traceback, and no clients on a canary that nobody watches.
    signal.signal(signal.SIGTERM, _interrupt)
    # So does the end of a terminal, but for what `nohup` started.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        app(arguments, prog_name="gostack")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        stop_children()
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
