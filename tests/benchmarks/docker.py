"""`make bench`: what a person waits for, and the same containers under docker compose, side by side in one run."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
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
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import PulumiError, Workspace

STACK = "benchmark"
PORT_OFFSET = 20000
PROJECT_NAME = "gostackbenchmark"


def run(workspace: Workspace, rounds: int) -> int:
    """Measure a copy of the stack with ports and networks of its own and print a table; return the exit code."""
    with copied(workspace) as (copy, folder):
        times = _measure(copy, folder, rounds)
    _print(times)
    return 0


@contextmanager
def copied(workspace: Workspace) -> Generator[tuple[Workspace, Path]]:
    """A copy of the stack that is not up yet, and a folder for files; afterwards all of it is gone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = folder / f"Pulumi.{STACK}.yaml"
        settings.write_text(written(_shifted(workspace)), encoding="utf-8")
        copy = Workspace(workspace.project, STACK, settings, quiet=True)
        quietly(lambda: lifecycle.down(copy, purge=True))
        try:
            yield copy, folder
        finally:
            quietly(lambda: lifecycle.down(copy, purge=True))


def _measure(workspace: Workspace, folder: Path, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    compose = _compose_command()
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        _time(times, "up from nothing, to the first answer", lambda: _up(workspace, folder))
        _time(times, "up without a change", lambda: _pulumi(workspace, "up", "--yes", "--skip-preview"))
        _time(times, "`make up` without a change (with refresh)", lambda: must(lifecycle.up(workspace)))
        _time(times, "preview without a change", lambda: _pulumi(workspace, "preview", "--expect-no-changes"))
        file = _write_compose(workspace, folder)
        url = str(workspace.outputs()["services"]["users"]["url"])
        _time(times, "destroy with all data", lambda: must(lifecycle.down(workspace, purge=True)))
        if compose is not None:
            _measure_compose([*compose, "--project-name", PROJECT_NAME, "--file", str(file)], url, folder, times)
    return times


def _measure_compose(command: list[str], url: str, folder: Path, times: dict[str, list[float]]) -> None:
    try:
        _time(times, "compose up from nothing, to the first answer", lambda: _compose_up(command, url, folder))
        _time(times, "compose up without a change", lambda: _quiet_command([*command, "up", "--detach"]))
    finally:
        down = [*command, "down", "--volumes", "--timeout", "10"]
        _time(times, "compose down with all data", lambda: _quiet_command(down))


def _shifted(workspace: Workspace) -> dict[str, Any]:
    """The stack's settings with ports and networks that leave the stack itself alone."""
    document = read_stack_file(workspace.stack_file)
    config = document["config"]
    # What it is compared with has none.
    config["gostack:telemetry"] = {"enabled": False}
    config["gostack:backbone"] = {"cidr": "10.93.0.0/24"}
    for position, region in enumerate(config["gostack:regions"].values(), 1):
        region["cidr"] = f"10.93.{position}.0/24"
        for key in ("https_port", "http_port", "consul_port"):
            region[key] += PORT_OFFSET
    return {"config": config}


def _up(workspace: Workspace, folder: Path) -> None:
    must(lifecycle.up(workspace))
    outputs = workspace.outputs()
    shutil.copy(write_authority(workspace, outputs), folder / "ca.pem")
    _wait_for_answer(str(outputs["services"]["users"]["url"]), folder / "ca.pem")


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


def _compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    print("docker compose is not installed: its rows are left out (on Debian: apt-get install docker-compose)")
    return None


def _compose_up(command: list[str], url: str, folder: Path) -> None:
    _quiet_command([*command, "up", "--detach"])
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


def _quiet_command(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise PulumiError(f"{' '.join(command[:2])} failed: {result.stderr.strip()[-500:]}")


def _time(times: dict[str, list[float]], what: str, action: Callable[[], object]) -> None:
    started = time.monotonic()
    quietly(action)
    times.setdefault(what, []).append(time.monotonic() - started)
    print(f"  {what}: {times[what][-1]:.1f} s", file=sys.stderr, flush=True)


def quietly(action: Callable[[], object]) -> None:
    """Run something without what it prints."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        action()


def must(code: int) -> None:
    """Raise PulumiError for an exit code that is not 0."""
    if code != 0:
        raise PulumiError(f"the measured command failed with exit code {code}")


def _print(times: dict[str, list[float]]) -> None:
    width = max(len(what) for what in times)
    print(f"{'seconds, each round'.ljust(width)}  median")
    for what, measured in times.items():
        rounds = "  ".join(f"{seconds:6.1f}" for seconds in measured)
        print(f"{what.ljust(width)}  {statistics.median(measured):6.1f}    ({rounds})")
