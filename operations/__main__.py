"""`python -m operations <verb> --stack <stack>`: what the Makefile calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docker.errors import DockerException

from bootstrap.errors import BootstrapError
from infra.settings import SettingsError
from operations import lifecycle
from operations.failover import FailoverError, failover
from operations.workspace import PulumiError, Workspace

PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code; trouble is told in one sentence."""
    parser = argparse.ArgumentParser(prog="operations", description=__doc__)
    parser.add_argument("verb", choices=["up", "preview", "refresh", "down", "evict", "bench", "failover-mysql"])
    parser.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    parser.add_argument("--purge", action="store_true", help="with down: remove the data volumes too")
    parser.add_argument("--rounds", type=int, default=2, help="with bench: how often everything is measured")
    parser.add_argument("--region", default="", help="with failover-mysql: where the primary is to be")
    options = parser.parse_args(arguments)
    workspace = Workspace(PROJECT, options.stack)
    return run_verb(options.verb, workspace, purge=options.purge, rounds=options.rounds, region=options.region)


def run_verb(verb: str, workspace: Workspace, *, purge: bool = False, rounds: int = 1, region: str = "") -> int:
    """Run one verb on a stack and return the exit code; trouble is told in one sentence."""
    try:
        return _run(verb, workspace, purge=purge, rounds=rounds, region=region)
    except (SettingsError, PulumiError, BootstrapError, FailoverError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except DockerException as error:
        print(f"error: the Docker engine refuses ({error}): run `make doctor`", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(verb: str, workspace: Workspace, *, purge: bool, rounds: int, region: str) -> int:
    match verb:
        case "up":
            return lifecycle.up(workspace)
        case "preview":
            return lifecycle.preview(workspace)
        case "refresh":
            return lifecycle.refresh(workspace)
        case "evict":
            return lifecycle.remove_foreign(workspace)
        case "bench":
            from operations.benchmark import run

            return run(workspace, rounds)
        case "failover-mysql":
            return failover(workspace, region)
        case _:
            return lifecycle.down(workspace, purge=purge)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
