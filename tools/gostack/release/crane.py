"""crane, which reads and copies images between registries (https://github.com/google/go-containerregistry)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence

from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.offline.toolchain.programs import crane

Crane = Callable[[Sequence[str], str], str]
"""Runs crane with arguments and a standard input and returns what it prints; raises PulumiError."""

_ECR = re.compile(r"[0-9]{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


def crane_of(workspace: Workspace) -> Crane:
    """Return crane, which is built when it is not there."""
    command = str(crane(workspace.project, Progress()))
    return lambda arguments, given: run_program([command, *arguments], given)


def log_in(run: Crane, registry: str, variables: Mapping[str, str] = os.environ) -> None:
    """Let crane and Docker use a registry; raises PulumiError when it refuses.

    To Amazon's by the AWS credentials that are there, to another one as REGISTRY_USER with REGISTRY_PASSWORD. Without
    these, what Docker's own configuration knows is used.
    """
    if ecr := _ECR.fullmatch(registry):
        user, password = "AWS", run_program(["aws", "ecr", "get-login-password", "--region", ecr["region"]]).strip()
    else:
        user, password = variables.get("REGISTRY_USER", ""), variables.get("REGISTRY_PASSWORD", "")
    if user and password:
        # Never as an argument, which other processes of the machine could read.
        run(["auth", "login", registry, "--username", user, "--password-stdin"], password)


def registry_login(workspace: Workspace, registry: str) -> int:
    """Log in to a registry, host with port, and return the exit code; to none when it is empty."""
    if not registry:
        print("REGISTRY is not set: there is no registry to log in to")
        return 0
    log_in(crane_of(workspace), registry)
    print(f"logged in to {registry}")
    return 0


def run_program(command: Sequence[str], given: str = "", variables: Mapping[str, str] | None = None) -> str:
    """Run a program with a standard input, and with `variables` beside this process's own, and return what it prints;
    raises PulumiError with its last words."""
    environment = {**os.environ, **(variables or {})}
    try:
        result = subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=environment)
    except FileNotFoundError:
        raise PulumiError(f"there is no command {command[0]}: install it.") from None
    if result.returncode != 0:
        verb = "" if command[1].startswith("-") else f" {command[1]}"
        raise PulumiError(f"{command[0].rpartition('/')[2]}{verb} failed ({_reason(result.stderr)}).")
    return result.stdout


def _reason(told: str) -> str:
    # Syft and grype tell a reason over several lines, the first of which says so.
    _, found, reason = told.strip().rpartition(" ERROR ")
    return " ".join(reason.split()) if found else (reason.splitlines() or ["it said nothing"])[-1]
