"""`make bench` of a stack on Kubernetes: what a person waits for, and how much memory it takes."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from infra.settings.stack_file import read_stack_file, written
from tests.benchmarks.local_cluster import benchmark as cluster_times
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.stacks.on_cluster import own_hosts, rename_hosts
from tools.offline.cluster.layout import Folders

STACK = "benchmark-kubernetes"
NAMESPACE = "gostack-benchmark"


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack in namespaces of its own and print a table; return the exit code.

    The local cluster is measured first, which stops and starts it. Another one is left as it is. Raises PulumiError for
    a stack on AWS, which would be paid for.
    """
    if workspace.settings.aws is not None:
        raise PulumiError(
            f"`make bench` brings a stack up and removes it, and {workspace.stack} is on AWS: "
            "`make bench STACK=prod` measures how its graph grows, without an account."
        )
    folders = Folders()
    if workspace.project / workspace.settings.cluster().kubeconfig == folders.kubeconfig:
        print("the local cluster is stopped and started, twice", file=sys.stderr, flush=True)
        print(cluster_times(folders, Progress()), flush=True)
    with tempfile.TemporaryDirectory() as name:
        settings = Path(name) / f"Pulumi.{STACK}.yaml"
        document = read_stack_file(workspace.stack_file)
        document["config"]["gostack:kubernetes"]["namespace"] = NAMESPACE
        hosts = own_hosts(STACK, workspace.stack, workspace.settings)
        document["config"].setdefault("gostack:ingress", {})["hosts"] = [*hosts.values()]
        rename_hosts(document, hosts)
        settings.write_text(written(document), encoding="utf-8")
        copy = Workspace(workspace.project, STACK, settings, quiet=True)
        times: dict[str, list[float]] = {}
        _must(lambda: lifecycle.down(copy, purge=True))
        try:
            for number in range(1, rounds + 1):
                print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
                _time(times, "up from nothing, to the first answer", lambda: lifecycle.up(copy))
                _time(times, "`make up` without a change (with refresh)", lambda: lifecycle.up(copy))
                _time(times, "preview without a change", lambda: _unchanged(copy))
                _time(times, "destroy with all data", lambda: lifecycle.down(copy, purge=True))
        finally:
            _must(lambda: lifecycle.down(copy, purge=True))
    width = max(len(what) for what in times)
    for what, taken in times.items():
        print(f"{what:<{width}}  median {statistics.median(taken):6.1f} s  worst {max(taken):6.1f} s")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{'largest process that Pulumi started':<{width}}  {largest / 1024:.0f} MiB")
    return 0


def _unchanged(workspace: Workspace) -> int:
    options = ["--stack", workspace.stack, "--config-file", str(workspace.configuration_file)]
    workspace.capture("preview", "--expect-no-changes", *options)
    return 0


def _time(times: dict[str, list[float]], what: str, action: Callable[[], int]) -> None:
    began = time.monotonic()
    _must(action)
    times.setdefault(what, []).append(time.monotonic() - began)


def _must(action: Callable[[], int]) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        code = action()
    if code != 0:
        raise PulumiError(f"a step of the benchmark failed with exit code {code}")
