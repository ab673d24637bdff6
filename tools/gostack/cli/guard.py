"""A function becomes a command: its result is the exit code, trouble with a known cause is one sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

import typer

from tools.gostack.environment.errors import UserError

FAILED = 1
INTERRUPTED = 130


def guarded(action: Callable[[], int]) -> int:
    """Return what `action` returns; 1 after the sentence of an error with a known cause, 130 when interrupted."""
    try:
        return action()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return FAILED


def add(app: typer.Typer, function: Callable[..., int], panel: str | None = None, name: str = "") -> None:
    """Make a function a command of `app`, by its own name unless another is given."""

    @functools.wraps(function)
    def run(*arguments: object, **options: object) -> None:
        raise typer.Exit(guarded(lambda: function(*arguments, **options)))

    app.command(name or function.__name__.rstrip("_").replace("_", "-"), rich_help_panel=panel)(run)


def without_subcommand(context: typer.Context, action: Callable[[], int]) -> None:
    """Do what a command with subcommands does without one. Before the name of one, refuse `--stack`: it would work on
    another stack than that."""
    if context.invoked_subcommand is None:
        raise typer.Exit(guarded(action))

    def misplaced() -> int:
        raise UserError("--stack goes after the name of the subcommand.")

    source = context.get_parameter_source("stack")
    if source is not None and source.name == "COMMANDLINE":
        raise typer.Exit(guarded(misplaced))


def _sentence(error: Exception) -> str | None:
    if isinstance(error, UserError):
        return str(error)
    # Imported only now: they cost half a second, and most commands end well.
    from docker.errors import DockerException

    from infra.settings import SettingsError

    if isinstance(error, SettingsError):
        return str(error)
    if isinstance(error, DockerException):
        return f"the Docker engine refuses ({error}): run `make doctor`"
    return None
