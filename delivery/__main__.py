"""`python -m delivery <verb> --service <service> --stack <stack>`: what the Makefile calls."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
from pathlib import Path

from delivery.promote import promote, roll_back
from operations.__main__ import guarded
from operations.workspace import Workspace

PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code; trouble is told in one sentence."""
    parser = argparse.ArgumentParser(prog="delivery", description=__doc__)
    parser.add_argument("verb", choices=["promote", "rollback"])
    parser.add_argument("--service", required=True, help="name of the service")
    parser.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    options = parser.parse_args(arguments)
    # Who ends a walk from outside must not leave clients on a canary that nobody watches.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Each step is told in a line of its own; Pulumi speaks when one fails.
    workspace = dataclasses.replace(Workspace(PROJECT, options.stack), quiet=True)
    if options.verb == "promote":
        return guarded(lambda: promote(workspace, options.service))
    return guarded(lambda: roll_back(workspace, options.service))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
