"""The console inside a cluster, brought to this machine while a command runs."""

from __future__ import annotations

import atexit
import re
import subprocess
import tempfile
import time
from dataclasses import replace

from tools.gostack.kubernetes.address import inside_cluster
from tools.gostack.kubernetes.kubectl import kubectl
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.telemetry.console import Console, TelemetryError, console_of

_FORWARDING = re.compile(r"Forwarding from (127\.0\.0\.1:\d+) ")
_SECONDS = 10


def reached_console(workspace: Workspace) -> Console:
    """Return the console of a stack, at a URL that leads there from this machine.

    Raises UserError where the stack has none, or kubectl is missing, and TelemetryError when it is out of reach.
    """
    found = console_of(workspace.outputs(), workspace.stack)
    return replace(found, url=forwarded(workspace, found.url))


def forwarded(workspace: Workspace, url: str) -> str:
    """Return the URL by which this machine reaches a console: the one that is given, or that of a port which kubectl
    forwards into the cluster until this process ends; raises as `reached_console` does."""
    inside = inside_cluster(url)
    if inside is None:
        return url
    command = kubectl(
        *(workspace.settings, workspace.project, inside.namespace, "reaching the console"),
        *("port-forward", "--address", "127.0.0.1", f"service/{inside.service}", f":{inside.port}"),
    )
    # A file and no pipe: it says a word about each connection, and nobody reads them.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        atexit.register(_end, process)
        deadline = time.monotonic() + _SECONDS
        while True:
            ended = process.poll() is not None
            output.seek(0)
            said = output.read()
            if found := _FORWARDING.search(said):
                return f"http://{found[1]}"
            if ended or time.monotonic() > deadline:
                reason = said.strip() or f"kubectl says nothing for {_SECONDS} s"
                raise TelemetryError(f"{url} cannot be reached ({reason}): see whether the telemetry's pod runs.")
            time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()
