"""`python -m tools.gostack.lifecycle <verb> --stack <stack>`: what the Makefile calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from docker.errors import DockerException

from infra.settings import SettingsError
from tools.gostack.database.backup import backup
from tools.gostack.database.failover import FailoverError, failover
from tools.gostack.database.mysql_members import DatabaseError
from tools.gostack.database.restore import restore
from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.locations import PROJECT_ROOT
from tools.gostack.kubernetes.api import ClusterError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError, Workspace

DOCKER_VERBS = {"evict", "backup", "restore", "failover-mysql"}
"""What there is for stacks on Docker alone."""

VERBS = ["up", "preview", "refresh", "down", "evict", "backup", "restore", "failover-mysql"]
PROJECT = PROJECT_ROOT


def main(arguments: list[str]) -> int:
    """Run one verb and return the exit code; trouble is told in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m tools.gostack.lifecycle", description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--stack", default="dev", help="name of the stack (default: dev)")
    parser.add_argument("--purge", action="store_true", help="with down: remove the data volumes too")
    parser.add_argument("--file", type=Path, help="with backup and restore: the backup")
    parser.add_argument("--force", action="store_true", help="with restore: replace rows that are there")
    parser.add_argument("--region", default="", help="with failover-mysql: where the primary is to be")
    options = parser.parse_args(arguments)
    workspace = Workspace(PROJECT, options.stack)
    if options.verb in DOCKER_VERBS and refused_on_a_cluster(options.verb, workspace) != 0:
        return 1
    match options.verb:
        case "backup" | "restore":
            return save_or_restore(options.verb, workspace, options.file, force=options.force)
        case "failover-mysql":
            return guarded(lambda: failover(workspace, options.region))
        case _:
            return run_verb(options.verb, workspace, purge=options.purge)


def refused_on_a_cluster(verb: str, workspace: Workspace) -> int:
    """Return 1, and say so, when the stack is on Kubernetes and the verb is for Docker alone; else 0."""

    def run() -> int:
        if lifecycle.on_cluster(workspace):
            raise PulumiError(f"{verb} is for stacks on Docker, and {workspace.stack} is on Kubernetes: use kubectl.")
        return 0

    return guarded(run)


def save_or_restore(verb: str, workspace: Workspace, file: Path | None, *, force: bool = False) -> int:
    """Back a stack's rows up or restore them and return the exit code; trouble is told in one sentence."""

    def run() -> int:
        if verb == "backup":
            return backup(workspace, file)
        if file is None:
            raise DatabaseError("which backup? Name it: make restore STACK=… FILE=….")
        return restore(workspace, file, force=force)

    return guarded(run)


def run_verb(verb: str, workspace: Workspace, *, purge: bool = False) -> int:
    """Run one verb on a stack and return the exit code; trouble is told in one sentence."""
    return guarded(lambda: _run(verb, workspace, purge=purge))


def guarded(action: Callable[[], int]) -> int:
    """Return what `action` returns; trouble that has a known cause is told in one sentence, with exit code 1."""
    try:
        return action()
    except (SettingsError, PulumiError, BootstrapError, DatabaseError, FailoverError, ClusterError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except DockerException as error:
        print(f"error: the Docker engine refuses ({error}): run `make doctor`", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(verb: str, workspace: Workspace, *, purge: bool) -> int:
    match verb:
        case "up":
            return lifecycle.up(workspace)
        case "preview":
            return lifecycle.preview(workspace)
        case "refresh":
            return lifecycle.refresh(workspace)
        case "evict":
            return lifecycle.remove_foreign(workspace)
        case _:
            return lifecycle.down(workspace, purge=purge)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
