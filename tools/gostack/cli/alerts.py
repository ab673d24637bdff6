"""`gostack alerts`: what fires, and of what nobody is told."""

from __future__ import annotations

from typing import Annotated

import typer

from tools.gostack.cli import complete
from tools.gostack.cli.guard import add, without_subcommand
from tools.gostack.cli.options import DEV, Json, Stack, workspace

app = typer.Typer(invoke_without_command=True)


@app.callback()
def alerts(context: typer.Context, stack: Stack = DEV, as_json: Json = False) -> None:
    """Say what fires: 0 nothing does, 1 something."""

    def fires() -> int:
        from tools.gostack.alerts import command

        return command.alerts(workspace(stack), as_json=as_json)

    without_subcommand(context, fires)


def silence(
    alert: Annotated[str, typer.Argument(help="Name of the alert.")],
    duration: Annotated[str, typer.Option("--for", help="30m, 2h, 1d or 1w.")],
    comment: Annotated[str, typer.Option(help="Why.")],
    stack: Stack = DEV,
    region: Annotated[str | None, typer.Option(help="In this region alone.", autocompletion=complete.regions)] = None,
    service: Annotated[
        str | None, typer.Option(help="Of this service alone.", autocompletion=complete.services)
    ] = None,
) -> int:
    """Tell nobody of an alert for a while."""
    from tools.gostack.alerts import silences

    return silences.silence(workspace(stack), alert, duration, comment, region=region, service=service)


def unsilence(
    what: Annotated[str, typer.Argument(metavar="ALERT|ID", help="Name of an alert, or id of a silence.")],
    stack: Stack = DEV,
) -> int:
    """End silences."""
    from tools.gostack.alerts import silences

    return silences.unsilence(workspace(stack), what)


def list_silences(stack: Stack = DEV, as_json: Json = False) -> int:
    """List the silences that have not ended."""
    from tools.gostack.alerts import silences

    return silences.silences(workspace(stack), as_json=as_json)


for _function, _name in ((silence, "silence"), (unsilence, "unsilence"), (list_silences, "silences")):
    add(app, _function, name=_name)
