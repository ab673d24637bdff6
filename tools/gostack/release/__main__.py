"""`python -m tools.gostack.release <verb>`: what workflows call. Exit codes are in docs/pipeline.md."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tools.gostack.canary.promote import promote, roll_back
from tools.gostack.drift.command import drift
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.gate.environments import GateError
from tools.gostack.gate.evidence import add_arguments, deployed_stacks, evidence
from tools.gostack.github.client import GitHub, GitHubError
from tools.gostack.lifecycle.__main__ import guarded
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.acceptance import acceptance
from tools.gostack.release.accepted import accepted
from tools.gostack.release.copy_image import copy_image
from tools.gostack.release.crane import registry_login
from tools.gostack.release.images import set_image, write_images
from tools.gostack.release.kubeconfig import write_kubeconfig
from tools.gostack.report import command
from tools.gostack.report.render import FORMATS

PROJECT = PROJECT_ROOT


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code; trouble is told in one sentence."""
    options = _parser().parse_args(arguments)
    # Who ends a walk from outside must not leave clients on a canary that nobody watches.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return guarded(lambda: _told(lambda: _run(options)))


def _run(options: argparse.Namespace) -> int:
    place: Path = getattr(options, "folder", None) or command.folder(PROJECT)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    match options.verb:
        case "promote" | "rollback":
            # Each step is told in a line of its own; Pulumi speaks when one fails.
            workspace = dataclasses.replace(Workspace(PROJECT, options.stack), quiet=True)
            if options.verb == "promote":
                return promote(workspace, options.service)
            return roll_back(workspace, options.service)
        case "preview":
            policy = [argument for pack in options.policy_pack for argument in ("--policy-pack", str(pack))]
            subject = "destroy" if options.destroy else "update"
            workspace = Workspace(PROJECT, options.stack)
            return command.preview(workspace, place, subject=subject, base=options.base, arguments=policy)
        case "report":
            return command.report(place, options.stacks, kind=options.format, output=options.output, today=today)
        case "comment":
            return command.comment(options.file, _pull_request(options))
        case "acceptance":
            return acceptance(Workspace(PROJECT, options.stack))
        case "images":
            return write_images(Workspace(PROJECT, options.stack), options.output)
        case "set-image":
            return set_image(Workspace(PROJECT, options.stack), options.service, options.image)
        case "accepted":
            return accepted(GitHub.of(), options.commit)
        case "copy-image":
            workspace = Workspace(PROJECT, options.stack)
            return copy_image(workspace, options.service, options.release, options.commit)
        case "registry-login":
            return registry_login(Workspace(PROJECT, options.stack), os.environ.get("REGISTRY", ""))
        case "kubeconfig":
            return write_kubeconfig(Workspace(PROJECT, options.stack), os.environ.get("KUBECONFIG_CONTENT", ""))
        case "drift":
            return drift(Workspace(PROJECT, options.stack), as_json=options.json)
        case _:
            deployed = deployed_stacks(options)
            return command.gate(place, options.stacks, evidence=evidence(options), today=today, deployed=deployed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.gostack.release", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for verb, text in (
        ("promote", "walk a canary to all clients, or back"),
        ("rollback", "take all clients away from a canary"),
    ):
        one = verbs.add_parser(verb, help=text)
        one.add_argument("--service", required=True, help="name of the service")
        one.add_argument("--stack", default="dev", help="name of the stack (default: dev)")

    preview = verbs.add_parser("preview", help="preview a stack and keep what the engine says, without secrets")
    preview.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    preview.add_argument("--base", help="version of the repository that the settings are compared with")
    preview.add_argument("--destroy", action="store_true", help="look at the removal of the stack")
    preview.add_argument("--policy-pack", action="append", default=[], type=Path, help="folder of a policy pack")

    report = verbs.add_parser("report", help="write the report of the previews")
    report.add_argument("stacks", nargs="*", help="stacks (default: all that were previewed)")
    report.add_argument("--format", choices=sorted(FORMATS), default="text", help="default: text")
    report.add_argument("--output", type=Path, help="file (default: print it)")

    comment = verbs.add_parser("comment", help="put a report into the comment of a pull request")
    comment.add_argument("file", type=Path, help="the report in Markdown")
    comment.add_argument("--pull-request", type=int, help="its number (default: that of the event)")

    gate = verbs.add_parser("gate", help="say whether the change may go on: 0 yes, 3 not yet, 4 no")
    gate.add_argument("stacks", nargs="*", help="stacks (default: all that were previewed)")
    add_arguments(gate)
    for verb, text in (
        ("acceptance", "check a deployed stack from outside"),
        ("images", "write which image each service runs"),
        ("set-image", "write an image as what a service runs into the stack file"),
        ("copy-image", "copy an accepted image to where the stack's images are, by its digest"),
        ("registry-login", "log in to REGISTRY as REGISTRY_USER with REGISTRY_PASSWORD"),
        ("kubeconfig", "write the kubeconfig of the stack's cluster from KUBECONFIG_CONTENT"),
    ):
        one = verbs.add_parser(verb, help=text)
        one.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
        if verb == "images":
            one.add_argument("--output", type=Path, help="file (default: print it)")
        if verb in ("set-image", "copy-image"):
            one.add_argument("--service", required=True, help="name of the service")
        if verb == "set-image":
            one.add_argument("--image", required=True, help="its image, with a digest or a fixed tag")
        if verb == "copy-image":
            one.add_argument("--release", required=True, type=Path, help="what staging accepted, written by `images`")
            one.add_argument("--commit", required=True, help="the commit that staging accepted")
    was = verbs.add_parser("accepted", help="say which run on main has tested and accepted a commit")
    was.add_argument("--commit", required=True, help="newest commit of the main branch")

    drifted = verbs.add_parser("drift", help="name what was changed outside of Pulumi: 0 nothing, 5 something")
    drifted.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    drifted.add_argument("--json", action="store_true", help="for another program")
    for one in (preview, report, gate):
        one.add_argument("--folder", type=Path, help="folder of the previews (default: .gostack/previews)")
    return parser


def _pull_request(options: argparse.Namespace) -> int:
    event = os.environ.get("GITHUB_EVENT_PATH")
    number = options.pull_request or (command.pull_request_of(Path(event)) if event else None)
    if number is None:
        raise GitHubError("which pull request? Name it with --pull-request.")
    return number


def _told(action: Callable[[], int]) -> int:
    try:
        return action()
    except (GateError, GitHubError) as error:
        raise PulumiError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
