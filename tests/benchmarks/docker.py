"""`make bench`: what a person waits for, and the same containers under docker compose v2, side by side in one run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import BytesIO
from pathlib import Path
from typing import Any

import urllib3
import yaml
from docker.models.containers import Container

from components.docker.files import FOLDER
from infra.settings.stack_file import read_stack_file, written
from tests.benchmarks.compose import compose_document, fills_volume
from tests.benchmarks.cost import Cost, cost_of, table
from tests.support.dotted_paths import set_at
from tools.gostack.environment.docker_engine import find_endpoint
from tools.gostack.environment.progress import Progress
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.stacks.new import own_space
from tools.offline.toolchain.programs import docker_compose

STACK = "benchmark"
PROJECT_NAME = "gostackbenchmark"
SERVICE = "users"

_FIRST = "from nothing, to the first answer"
_SAME = "without a change"
_GONE = "removed with all data"
COMPARED: Mapping[str, str | None] = {
    _FIRST: _FIRST,
    "pulumi up, without a change": _SAME,
    "make up, without a change": _SAME,
    "preview, without a change": None,
    "gostack up SERVICE, one line changed": None,
    _GONE: _GONE,
}
"""What is measured of a stack -> what compose does in the place of it."""

Costs = dict[str, list[Cost]]


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack with ports and networks of its own and print a table; return the exit code."""
    # Built before anything is measured, and told of before anything is made.
    compose = _compose_command(workspace)
    with copied(workspace) as (copy, folder):
        source = _own_source(copy, folder)
        ours, theirs = _measure(copy, folder, source, rounds, compose)
    print(table([(title, ours[title], theirs[peer] if peer else []) for title, peer in COMPARED.items()]))
    print(f"load average at the end: {' '.join(f'{one:.1f}' for one in os.getloadavg())}, {os.cpu_count()} processors")
    return 0


@contextmanager
def copied(workspace: Workspace) -> Generator[tuple[Workspace, Path]]:
    """A copy of the stack that is not up yet, and a folder for files; afterwards all of it is gone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = folder / f"Pulumi.{STACK}.yaml"
        settings.write_text(written(shifted(workspace)), encoding="utf-8")
        copy = Workspace(workspace.project, STACK, settings, quiet=True)
        quietly(lambda: lifecycle.down(copy, purge=True))
        try:
            yield copy, folder
        finally:
            quietly(lambda: lifecycle.down(copy, purge=True))


def _own_source(workspace: Workspace, folder: Path) -> Path:
    """Let the service be built from a copy of its source, and return where that is."""
    document = read_stack_file(workspace.stack_file)
    service = document["config"]["gostack:services"][SERVICE]
    source = folder / "source"
    shutil.copytree(workspace.project / service["context"], source)
    service["context"] = str(source)
    workspace.stack_file.write_text(written(document), encoding="utf-8")
    return source


def _measure(workspace: Workspace, folder: Path, source: Path, rounds: int, compose: list[str]) -> tuple[Costs, Costs]:
    ours: Costs = {}
    theirs: Costs = {}
    first, update, everything, preview, change, removal = COMPARED
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        _time(ours, first, lambda: _up(workspace, folder))
        _time(ours, update, lambda: _pulumi(workspace, "up", "--yes", "--skip-preview"))
        _time(ours, everything, lambda: must(lifecycle.up(workspace)))
        _time(ours, preview, lambda: _pulumi(workspace, "preview", "--expect-no-changes"))
        # A comment would be no other program, and so no other image.
        (source / "benchmark.go").write_text(f'package main\n\nfunc init() {{ println("round {number}") }}\n')
        _time(ours, change, lambda: must(lifecycle.up(workspace, SERVICE)))
        file = _write_compose(workspace, folder)
        url = str(workspace.outputs()["services"][SERVICE]["url"])
        _time(ours, removal, lambda: must(lifecycle.down(workspace, purge=True)))
        print("docker compose", file=sys.stderr, flush=True)
        _measure_compose([*compose, "--project-name", PROJECT_NAME, "--file", str(file)], url, folder, theirs)
    return ours, theirs


def _measure_compose(command: list[str], url: str, folder: Path, costs: Costs) -> None:
    try:
        _time(costs, _FIRST, lambda: _compose_up(command, url, folder))
        _time(costs, _SAME, lambda: _compose(command, "up", "--detach"))
    finally:
        _time(costs, _GONE, lambda: _compose(command, "down", "--volumes", "--timeout", "10"))


def shifted(workspace: Workspace) -> dict[str, Any]:
    """Return the stack's settings with ports and networks that nothing else has: the stack itself may be up."""
    config = read_stack_file(workspace.stack_file)["config"]
    for key, value in own_space(workspace.project, workspace.settings).items():
        set_at(config, f"gostack:{key}", value)
    # What it is compared with has none; a benchmark of the telemetry needs the port.
    telemetry = config.get("gostack:telemetry", {})
    config["gostack:telemetry"] = {"enabled": False, **{key: telemetry[key] for key in telemetry if key == "port"}}
    return {"config": config}


def _up(workspace: Workspace, folder: Path) -> None:
    must(lifecycle.up(workspace))
    outputs = workspace.outputs()
    shutil.copy(write_authority(workspace, outputs), folder / "ca.pem")
    _wait_for_answer(str(outputs["services"][SERVICE]["url"]), folder / "ca.pem")


def _pulumi(workspace: Workspace, verb: str, *arguments: str) -> None:
    options = ["--stack", workspace.stack, "--config-file", str(workspace.configuration_file)]
    workspace.capture(verb, *options, *arguments)


def _write_compose(workspace: Workspace, folder: Path) -> Path:
    objects = StackObjects.of(workspace.stack, workspace.variables)
    containers = objects.containers()
    copies = _copy_filled_volumes(containers, folder)
    document = compose_document(containers, workspace.state(), objects.networks(), copies)
    file = folder / "compose.yaml"
    # It holds the stack's secrets in plain text, as a compose file would: for this user, and gone after the run.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yaml.safe_dump(document, stream, sort_keys=False)
    for image in objects.images():
        # Compose does not build: it gets the image that the stack's removal would take away.
        image.tag(f"{PROJECT_NAME}/{image.tags[0].split('/')[-1]}")
    return file


def _copy_filled_volumes(containers: Iterable[Container], folder: Path) -> dict[str, str]:
    """Copy the files of volumes that go with the stack; return name, and place on the engine, of each to its copy."""
    copies: dict[str, str] = {}
    for container in filter(fills_volume, containers):
        # Beside it there may be volumes of the image.
        (volume,) = [mount for mount in container.attrs["Mounts"] if mount["Destination"] == FOLDER]
        stream, _ = container.get_archive(FOLDER)
        with tarfile.open(fileobj=BytesIO(b"".join(stream))) as archive:
            archive.extractall(folder / volume["Name"], filter="data")
        copy = str(folder / volume["Name"] / Path(FOLDER).name)
        copies |= {volume["Name"]: copy, volume["Source"]: copy}
    return copies


def _compose_command(workspace: Workspace) -> list[str]:
    """The plugin of the `docker` command where it is installed, else the same program, built from its module."""
    engine = ["--host", find_endpoint(workspace.variables)]
    plugin = ["docker", *engine, "compose"]
    if shutil.which("docker") and subprocess.run([*plugin, "version"], capture_output=True).returncode == 0:
        return plugin
    return [str(docker_compose(workspace.project, Progress())), *engine]


def _compose_up(command: list[str], url: str, folder: Path) -> None:
    _compose(command, "up", "--detach")
    _wait_for_answer(url, folder / "ca.pem")


def _wait_for_answer(url: str, authority: Path) -> None:
    pool = urllib3.PoolManager(ca_certs=str(authority), retries=False, timeout=2)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if pool.request("GET", url).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    raise PulumiError(f"{url} did not answer within 120 s")


def _compose(command: Sequence[str], verb: str, *options: str) -> None:
    result = subprocess.run([*command, verb, *options], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise PulumiError(f"docker compose {verb} failed: {result.stderr.strip()[-500:]}")


def _time(costs: Costs, what: str, action: Callable[[], object]) -> None:
    cost = cost_of(lambda: quietly(action))
    costs.setdefault(what, []).append(cost)
    print(f"  {what}: {cost.seconds:.1f} s, {cost.processor:.1f} CPU-s", file=sys.stderr, flush=True)


def quietly(action: Callable[[], object]) -> None:
    """Run something without what it prints."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        action()


def must(code: int) -> None:
    """Raise PulumiError for an exit code that is not 0."""
    if code != 0:
        raise PulumiError(f"the measured command failed with exit code {code}")
