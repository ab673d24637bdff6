"""`gostack flags`: what running services do, changed within two seconds in every region."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli.guard import add
from tools.gostack.cli.options import DEV, Json, ServiceName, Stack, workspace
from tools.gostack.environment.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Feature flags of a running stack's services.")

Name = Annotated[str, typer.Argument(help="Flag.")]
Many = list[str] | None


def list_(service: ServiceName, stack: Stack = DEV, as_json: Json = False) -> int:
    """Print a service's flags: 0 all regions have them, 1 one has others or does not answer."""
    from tools.gostack.flags.command import list_flags, store_of

    return list_flags(store_of(workspace(stack), service), as_json=as_json)


def set_(
    service: ServiceName,
    flag: Name,
    stack: Stack = DEV,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Off: everybody gets the code's own default.")] = None,
    variant: Annotated[Many, typer.Option(help="NAME=JSON, once for each; default: on=true, off=false.")] = None,
    default: Annotated[str | None, typer.Option(help="Variant of those whom no rule gives another one.")] = None,
    share: Annotated[Many, typer.Option(help="VARIANT=PERCENT, once for each, 100 together.")] = None,
    target: Annotated[Many, typer.Option(help="ATTRIBUTE=VALUE:VARIANT, before the shares.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="The default before this time.")] = None,
    end: Annotated[str | None, typer.Option("--until", help="The default from this time on.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Without the rules that there are.")] = False,
    definition: Annotated[Path | None, typer.Option(help="File with the flag in flagd's JSON; - reads it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the flag.")] = False,
) -> int:
    """Change a flag in every region; what is not named stays as it is."""
    from tools.gostack.flags.command import Wanted, set_flag, store_of

    wanted = Wanted(
        on, variant, default, share, target, begin, end, clear, _text(definition) if definition else None, remove
    )
    return set_flag(store_of(workspace(stack), service), flag, wanted)


def history(
    service: ServiceName,
    flag: Annotated[str | None, typer.Argument(help="Flag; default: all.")] = None,
    stack: Stack = DEV,
    as_json: Json = False,
) -> int:
    """Say who changed what and when, newest first."""
    from tools.gostack.flags import command

    return command.history(command.store_of(workspace(stack), service), flag, as_json=as_json)


def walk(
    service: ServiceName,
    flag: Name,
    stack: Stack = DEV,
    variant: Annotated[str | None, typer.Option(help="Default: the only one beside the flag's default.")] = None,
    steps: Annotated[str, typer.Option(help="Shares in percent.")] = "1,5,25,100",
    interval: Annotated[int, typer.Option(help="Seconds between two looks; services are scraped every 15.")] = 30,
    checks: Annotated[int, typer.Option(help="Looks in a row that find nothing wrong, for a step.")] = 3,
    threshold: Annotated[int, typer.Option(help="Looks in a row that find something wrong, or no data.")] = 2,
    requests: Annotated[int, typer.Option(help="Requests with the variant; fewer are no data.")] = 10,
    error_percent: Annotated[float, typer.Option(help="Highest share of failed ones (5xx).")] = 1.0,
    p99: Annotated[int, typer.Option(help="Longest time in ms in which 99 % are answered.")] = 800,
) -> int:
    """Walk a variant to everybody, judged by its requests: 0 everybody has it, 1 it was taken back."""
    from infra.settings.canary import AnalysisSettings
    from tools.gostack.flags.command import store_of
    from tools.gostack.flags.figures import VariantMetrics
    from tools.gostack.flags.rollout import FlagRollout, walk_flag
    from tools.gostack.telemetry.forwarding import reached_console

    try:
        limits = AnalysisSettings(
            steps=[int(step) for step in steps.split(",")],
            interval_seconds=interval,
            checks=checks,
            threshold=threshold,
            minimum_requests=requests,
            error_percent=error_percent,
            p99_milliseconds=p99,
        )
    except ValueError as error:
        raise UserError(f"these are no limits of a walk: {error}") from None
    found = workspace(stack)
    store = store_of(found, service)
    metrics = VariantMetrics(reached_console(found), service, flag)
    return walk_flag(FlagRollout(store, flag, variant, metrics), limits, flag)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({type(error).__name__}).") from None


for _function in (list_, set_, history, walk):
    add(app, _function)
