"""Runs tests on mutated copies of the project, each in a process of its own.

What is installed is imported once; each run is a fork that imports the project from its copy. That saves some seconds
of a processor a mutation, which the SDKs take to be imported.
"""

from __future__ import annotations

import importlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutations.model import PROJECT, Mutation, Outcome

_LIBRARIES = (
    *("hypothesis", "jinja2", "docker", "yaml", "pydantic", "cryptography.x509", "pulumi", "pulumi_docker"),
    *("pulumi_kubernetes.apps.v1", "pulumi_kubernetes.batch.v1", "pulumi_kubernetes.core.v1"),
    *("pulumi_kubernetes.networking.v1", "pulumi_kubernetes.policy.v1", "pulumi_kubernetes.autoscaling.v2"),
    *(f"pulumi_aws.{name}" for name in ("acm", "budgets", "cloudwatch", "ec2", "ecr", "eks", "elasticache", "iam")),
    *(f"pulumi_aws.{name}" for name in ("kms", "lb", "rds", "route53", "secretsmanager", "sns", "vpc")),
    *("pulumi.runtime.mocks", "pulumi.provider.experimental.analyzer", "_pytest.assertion.rewrite"),
)


def prepare() -> None:
    """Import what every run needs and what no mutation is in."""
    for name in _LIBRARIES:
        importlib.import_module(name)


def copied(target: Path) -> None:
    """Make a copy of the project: of what git knows and of what is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        source = PROJECT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())


def share(mutations: Sequence[Mutation], verified: Sequence[str]) -> list[Outcome]:
    """What becomes of a share of the mutations, in a copy of the project in which the tests `verified` pass."""
    prepare()
    with tempfile.TemporaryDirectory(prefix="gostack-mutations-") as folder:
        copy = Path(folder).resolve()
        copied(copy)
        failing = passes(copy, verified) if verified else ""
        if failing:
            raise RuntimeError(f"{failing} fails without any mutation")
        found: list[Outcome] = []
        for outcome in outcomes(mutations, copy):
            found.append(outcome)
            sys.stderr.write(f"{outcome.caught_by or 'SURVIVED'}: {outcome.mutation.name}\n")
        return found


def outcomes(mutations: Sequence[Mutation], copy: Path) -> Iterator[Outcome]:
    """Make the mutations in a copy, one after the other, and yield what its tests say."""
    for mutation in mutations:
        file = copy / mutation.file
        text = file.read_text(encoding="utf-8")
        file.write_text(mutation.mutated(text), encoding="utf-8")
        try:
            yield _tried(mutation, copy)
        finally:
            file.write_text(text, encoding="utf-8")


def passes(copy: Path, tests: Sequence[str]) -> str:
    """Run tests on a copy and return the first that failed; empty when all pass."""
    log = copy / "pytest.log"
    process = os.fork()
    if process == 0:
        _run(copy, tests, log)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if code not in (1, 2):
        raise RuntimeError(f"the tests could not be run (exit code {code}): {' | '.join(lines[-5:])}")
    failed = [line.split(" - ")[0] for line in lines if line.startswith(("FAILED", "ERROR "))]
    return failed[0].partition(" ")[2] if failed else "the program cannot be imported"


def _tried(mutation: Mutation, copy: Path) -> Outcome:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    caught = passes(copy, mutation.tests)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Outcome(mutation, caught, seconds)


def _run(copy: Path, tests: Sequence[str], log: Path) -> None:
    """The child: a new pytest in the copy; never returns."""
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(copy)
        # What is the same in the next run is compiled once.
        sys.dont_write_bytecode = False
        own = {path.name for path in PROJECT.iterdir() if path.is_dir()}
        for name in [name for name in sys.modules if name.split(".")[0] in own]:
            del sys.modules[name]
        sys.path[:] = [str(copy), *(path for path in sys.path if path and Path(path).resolve() != PROJECT)]
        import pytest

        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", *tests]))
        sys.stdout.flush()
        os._exit(code)
    except BaseException as error:  # noqa: BLE001 (whatever it was, the child must not go on as the parent)
        print(repr(error), flush=True)
        os._exit(70)
