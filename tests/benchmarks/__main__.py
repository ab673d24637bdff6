"""`python -m tests.benchmarks`: what `make bench` calls."""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import cache, docker, kubernetes, telemetry
from tools.gostack.cli.guard import guarded
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import Workspace


def main(arguments: list[str]) -> int:
    """Measure a copy of a stack and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is measured")
    parser.add_argument(
        "--telemetry", action="store_true", help="requests a second with telemetry and without it, and nothing else"
    )
    parser.add_argument(
        "--cache",
        action="store_true",
        help="users a second with the sample service's cache and without it, and nothing else",
    )
    options = parser.parse_args(arguments)
    workspace = Workspace(PROJECT_ROOT, options.stack)

    def run() -> int:
        if options.telemetry:
            return telemetry.run(workspace, options.rounds)
        if options.cache:
            return cache.run(workspace, options.rounds)
        measured = kubernetes if lifecycle.on_cluster(workspace) else docker
        return measured.run(workspace, options.rounds)

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
