"""A change before it is made: its preview, the report, the gate; and what was changed outside of Pulumi."""

from __future__ import annotations

import datetime
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tools.gostack.cli.options import DEV, Json, Output, Stack, workspace
from tools.gostack.environment.errors import UserError
from tools.gostack.environment.locations import PROJECT_ROOT

Stacks = Annotated[list[str] | None, typer.Argument(help="Stacks; default: all that were recorded.")]
PullRequest = Annotated[int | None, typer.Option(envvar="PULL_REQUEST", help="Number of the pull request.")]
Folder = Annotated[Path | None, typer.Option(help="Folder of the recordings; default: .gostack/previews.")]


class Format(StrEnum):
    """How a report is written."""

    MARKDOWN = "markdown"
    JSON = "json"


class Outcome(StrEnum):
    """What is known of a check that ran elsewhere."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


def record(
    stack: Stack = DEV,
    base: Annotated[
        str | None, typer.Option(envvar="BASE", help="Version to compare settings with; default: origin/main.")
    ] = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Record the removal of the stack.")] = False,
    policy_pack: Annotated[list[Path] | None, typer.Option(help="Folder of a policy pack.")] = None,
    folder: Folder = None,
) -> int:
    """Preview a stack and keep what the engine says, without secrets, for `report` and `gate`."""
    from tools.gostack.report import command

    packs = [argument for pack in policy_pack or [] for argument in ("--policy-pack", str(pack))]
    subject = "destroy" if destroy else "update"
    place = folder or command.folder(PROJECT_ROOT)
    return command.preview(workspace(stack), place, subject=subject, base=base or _main(), arguments=packs)


def report(stacks: Stacks = None, kind: Format = Format.MARKDOWN, output: Output = None, folder: Folder = None) -> int:
    """Write what the recorded previews mean, risk first."""
    from tools.gostack.report import command

    place = folder or command.folder(PROJECT_ROOT)
    return command.report(place, stacks or [], kind=kind.value, output=output, today=_today())


def comment(file: Annotated[Path, typer.Argument(help="The report.")], pull_request: PullRequest = None) -> int:
    """Put a report into the comment of a pull request (default: that of the event)."""
    from tools.gostack.report import command

    return command.comment(file, pull_request_number(pull_request))


def gate(
    stacks: Stacks = None,
    tests: Annotated[Outcome, typer.Option(envvar="TESTS", help="Result of every test.")] = Outcome.UNKNOWN,
    policy: Annotated[Outcome, typer.Option(envvar="POLICY", help="Result of the rules.")] = Outcome.UNKNOWN,
    pull_request: PullRequest = None,
    commit: Annotated[str | None, typer.Option(envvar="COMMIT", help="Whose pull request's approvals count.")] = None,
    approvals: Annotated[int | None, typer.Option(envvar="APPROVALS", help="When GitHub is not asked.")] = None,
    deployed: Annotated[
        str | None, typer.Option(envvar="DEPLOYED_STACKS", help="JSON list; other stacks are left out.")
    ] = None,
    folder: Folder = None,
) -> int:
    """Say whether the recorded change may go on: 0 yes, 3 not yet, 4 no."""
    from tools.gostack.gate.evidence import deployed_stacks, evidence
    from tools.gostack.report import command

    known = evidence(
        tests=tests is Outcome.PASSED,
        policy=policy is Outcome.PASSED,
        pull_request=pull_request,
        commit=commit,
        approved=approvals,
    )
    place = folder or command.folder(PROJECT_ROOT)
    return command.gate(place, stacks or [], evidence=known, today=_today(), deployed=deployed_stacks(deployed))


def drift(stack: Stack = DEV, as_json: Json = False) -> int:
    """Name what was changed outside of Pulumi: 0 nothing, 5 something."""
    from tools.gostack.drift import command

    return command.drift(workspace(stack), as_json=as_json)


def policy(
    file: Annotated[Path | None, typer.Argument(help="A preview or an exported state; default: preview now.")] = None,
    stack: Stack = DEV,
    project: Annotated[Path, typer.Option(envvar="PROJECT", help="Checkout that is previewed.")] = PROJECT_ROOT,
) -> int:
    """Judge what `up` would make by the rules of policy/: 1 a mandatory rule is broken, 2 nothing could be judged."""
    from policy import command

    if file is None:
        os.environ.update(workspace(stack).toolchain_variables)
    given = [str(file)] if file is not None else []
    return command.main(["check", "--stack", stack, "--project", str(project), *given])


def pull_request_number(given: int | None) -> int:
    """Return the pull request that a command is about, the event's when none is given; raises UserError."""
    from tools.gostack.report import command

    event = os.environ.get("GITHUB_EVENT_PATH")
    number = given or (command.pull_request_of(Path(event)) if event else None)
    if number is None:
        raise UserError("which pull request? Name it with --pull-request.")
    return number


def _main() -> str | None:
    from tools.gostack.environment.processes import capture

    return capture(["git", "-C", str(PROJECT_ROOT), "rev-parse", "--quiet", "--verify", "origin/main"])


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()
