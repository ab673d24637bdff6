"""`python -m policy`: the rules over a preview or a state, without the engine."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from policy.judge import judge
from policy.readers import ReadError, read_document
from policy.resource import Graph
from policy.rule import Environment, environment_of, packages_of
from policy.table import catalogue, summary, table

EXIT_BLOCKED = 1
EXIT_UNUSABLE = 2
PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str]) -> int:
    """Run a command; return 1 for mandatory violations, 2 where nothing could be judged."""
    parser = argparse.ArgumentParser(prog="python -m policy", description="Judge a stack by the project's rules.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="judge a preview or an exported state")
    check.add_argument("--stack", required=True, help="name of the stack, which says by which rules it is judged")
    check.add_argument(
        "file", nargs="?", help="what `pulumi preview --json` or `pulumi stack export` wrote; - for standard input"
    )
    check.add_argument(
        "--environment", choices=[str(item) for item in Environment], help="judge as this, whatever the stack is called"
    )
    check.add_argument(
        "--project", type=Path, default=PROJECT, help="folder of the program that is previewed (default: this one)"
    )
    commands.add_parser("rules", help="list the rules")
    options = parser.parse_args(arguments)
    if options.command == "rules":
        sys.stdout.write(catalogue())
        return 0
    try:
        graph = _graph(options.stack, options.file, options.project)
    except (ReadError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_UNUSABLE
    environment = (
        Environment(options.environment) if options.environment else environment_of(options.stack, packages_of(graph))
    )
    violations = judge(graph, environment)
    sys.stdout.write(table(violations) + summary(graph, environment, violations) + "\n")
    return EXIT_BLOCKED if any(violation.blocks for violation in violations) else 0


def _graph(stack: str, file: str | None, project: Path) -> Graph:
    if file == "-":
        return read_document(sys.stdin.read(), "standard input")
    if file is not None:
        return read_document(Path(file).read_text(encoding="utf-8"), file)
    return _preview(stack, project)


def _preview(stack: str, project: Path) -> Graph:
    # What stays as it is belongs to the whole that is judged: an agent that watches a replaced container, for one.
    command = ["pulumi", "preview", "--json", "--show-sames", "--non-interactive", "--stack", stack]
    try:
        preview = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ReadError('`pulumi` is not on PATH: run `eval "$(make -s env)"` first, or name a file.') from None
    graph = read_document(preview.stdout, f"the preview of {stack}") if preview.stdout.strip() else None
    # Whatever it wrote before it failed, it is not the whole stack.
    if graph is None or preview.returncode != 0:
        last = (preview.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ReadError(f"`{' '.join(command)}` failed with {preview.returncode} ({last}): correct that first.")
    return graph
