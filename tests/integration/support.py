"""A running stack as the integration tests use it: by its outputs and its labels, never by container names."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import urllib3
import yaml
from docker.models.containers import Container

from operations.load import Request
from operations.objects import StackObjects
from operations.report import write_authority
from operations.workspace import Workspace

JSON = {"Content-Type": "application/json"}

FIGURES: list[str] = []
"""What was measured; shown at the end of the run, whether tests passed or not."""


def tell(figure: str) -> None:
    """Keep a figure for the end of the run."""
    FIGURES.append(figure)


@dataclass(frozen=True)
class LiveStack:
    """A stack that is up."""

    workspace: Workspace
    objects: StackObjects

    @classmethod
    def of(cls, project: Path, settings: Path, stack: str = "integration") -> LiveStack:
        workspace = Workspace(project, stack, settings)
        return cls(workspace, StackObjects.of(stack, workspace.variables))

    @cached_property
    def authority(self) -> Path:
        return write_authority(self.workspace, self.outputs)

    @property
    def outputs(self) -> dict[str, Any]:
        return self.workspace.outputs()

    @cached_property
    def users_url(self) -> str:
        return str(self.outputs["services"]["users"]["url"])

    def request(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """Send a request over TLS that is verified against the stack's own authority."""
        pool = urllib3.PoolManager(ca_certs=str(self.authority), retries=False, timeout=10)
        data = json.dumps(body).encode() if body is not None else None
        return pool.request(method, url, body=data, headers=JSON)

    def create_user(self) -> dict[str, Any]:
        """Create a user with an e-mail address of its own and return it."""
        response = self.request("POST", self.users_url, {"name": "Ada", "email": f"{uuid.uuid4()}@example.com"})
        assert response.status == 201, response.data
        return response.json()["data"]

    def mixed_request(self, number: int) -> Request:
        """One of a mix of writes, each with an idempotency key, and reads."""
        if number % 2:
            return Request("GET", f"{self.users_url}?page=1&page_size=5")
        user = {"name": "Load", "email": f"{uuid.uuid4()}@example.com"}
        headers = {**JSON, "Idempotency-Key": str(uuid.uuid4())}
        return Request("POST", self.users_url, json.dumps(user).encode(), headers)

    def containers(self, role: str, **labels: str) -> list[Container]:
        """Running containers with a role and labels such as region and service."""
        wanted = {"gostack.role": role, **{f"gostack.{key}": value for key, value in labels.items()}}
        return [
            container
            for container in self.objects.containers()
            if container.status == "running" and wanted.items() <= container.labels.items()
        ]

    def rows(self, region: str, query: str) -> list[str]:
        """Result of a query on the region's MySQL member, asked as root through its socket; one line a row."""
        code, text = self.sql(region, query)
        assert code == 0, text
        return text.splitlines()

    def sql(self, region: str, query: str) -> tuple[int, str]:
        """Exit code and words of MySQL's client for a statement on the region's member, run as root."""
        (member,) = self.containers("mysql", region=region)
        return self.sql_in(member, query)

    def sql_in(self, member: Container, query: str) -> tuple[int, str]:
        """The same in a container that is known; raises APIError when it does not run."""
        code, output = member.exec_run(["mysql", "--user=root", "--batch", "--skip-column-names", "--execute", query])
        return int(code or 0), cast("bytes", output).decode()

    def change_settings(self, service: str, **values: Any) -> None:
        """Change settings of a service in the stack file."""
        document = yaml.safe_load(self.workspace.stack_file.read_text())
        document["config"]["gostack:services"][service].update(values)
        self.workspace.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
        self.workspace.prepare()

    def interrupted_up(self, after_seconds: float, how: signal.Signals) -> int:
        """Start `pulumi up`, send it a signal, and return its exit code."""
        process = self.start_up()
        try:
            process.wait(timeout=after_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(how)
        return process.wait(timeout=180)

    def start_up(self) -> subprocess.Popen[bytes]:
        """Start plain `pulumi up`."""
        arguments = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", self.workspace.stack]
        return subprocess.Popen(
            [self.pulumi, *arguments, "--config-file", str(self.workspace.configuration_file)],
            cwd=self.workspace.project,
            env=self.workspace.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_for_lock(self) -> None:
        """Wait until an update holds the state's lock."""
        folder = self.workspace.backend_folder
        assert folder is not None
        locks = folder / ".pulumi" / "locks"
        wait_until(lambda: list(locks.glob(f"**/{self.workspace.stack}/*.json")), 30, "the update has taken the lock")

    def kill_process(self, pid: int) -> None:
        """End a process of this machine by force, behind the engine's back."""
        os.kill(pid, signal.SIGKILL)

    def trust_again(self) -> None:
        """Take over the authority of a stack that was brought up anew."""
        write_authority(self.workspace, self.outputs)

    @cached_property
    def pulumi(self) -> str:
        found = shutil.which("pulumi", path=self.workspace.variables["PATH"])
        assert found is not None
        return found

    def pulumi_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run plain `pulumi` on the stack, as a person would."""
        return subprocess.run(
            [self.pulumi, *arguments, "--stack", self.workspace.stack, "--non-interactive"],
            cwd=self.workspace.project,
            env=self.workspace.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def preview_changes(self) -> str:
        """What a preview would change; empty when nothing."""
        result = self.pulumi_command(
            "preview", "--expect-no-changes", "--diff", "--config-file", str(self.workspace.configuration_file)
        )
        return "" if result.returncode == 0 else result.stdout + result.stderr

    def everything_left(self) -> list[str]:
        """Names of all that carries the stack's labels on the engine, sorted: the engine lists volumes in any order."""
        return sorted(
            [
                *(str(container.name) for container in self.objects.containers()),
                *(network.name for network in self.objects.networks()),
                *(volume.name for volume in self.objects.volumes()),
                *(str(image.tags) for image in self.objects.images()),
            ]
        )


def wait_until(condition: Any, seconds: float, what: str) -> None:
    """Wait for a condition; fail with `what` when it does not come true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    raise AssertionError(f"after {seconds:.0f} s still not: {what}")
