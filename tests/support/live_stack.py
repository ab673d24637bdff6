"""A stack that is up, whatever it runs on: its outputs, its settings, and Pulumi's commands on it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.settings.stack_file import read_stack_file, written
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import PulumiError, Workspace


@dataclass(frozen=True)
class StackUnderTest:
    """A stack that tests and drills change and look at."""

    workspace: Workspace

    @cached_property
    def authority(self) -> Path:
        """File with the certificate of the stack's authority."""
        return write_authority(self.workspace, self.outputs)

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return self.workspace.outputs()

    @cached_property
    def users_url(self) -> str:
        """Where the users are, through the first region's ingress."""
        return str(self.outputs["services"]["users"]["url"])

    @contextmanager
    def as_before(self) -> Generator[None]:
        """Bring the settings that are there now into force again at the end, whatever the block does."""
        before = self.workspace.stack_file.read_bytes()
        try:
            yield
        finally:
            self.workspace.stack_file.write_bytes(before)
            assert lifecycle.up(self.workspace) == 0

    def change_settings(self, service: str, **values: Any) -> None:
        """Change settings of a service in the stack file."""
        document = read_stack_file(self.workspace.stack_file)
        document["config"]["gostack:services"][service].update(values)
        self._write_settings(document)

    def add_environment(self, service: str, **variables: str) -> None:
        """Add variables to those of a service in the stack file."""
        document = read_stack_file(self.workspace.stack_file)
        document["config"]["gostack:services"][service].setdefault("environment", {}).update(variables)
        self._write_settings(document)

    def change_rotation(self, **counters: int) -> None:
        """Change counters under `gostack:rotation` in the stack file."""
        document = read_stack_file(self.workspace.stack_file)
        document["config"].setdefault("gostack:rotation", {}).update(counters)
        self._write_settings(document)

    def change_accessories(self, **accessories: dict[str, Any]) -> None:
        """Put these accessories into the stack file, in the place of those of the same name."""
        document = read_stack_file(self.workspace.stack_file)
        document["config"].setdefault("gostack:accessories", {}).update(accessories)
        self._write_settings(document)

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
        if folder is None:
            raise AssertionError("the state is not in files")
        locks = folder / ".pulumi" / "locks"
        wait_until(
            lambda: bool(list(locks.glob(f"**/{self.workspace.stack}/*.json"))), 30, "the update has taken the lock"
        )

    @cached_property
    def pulumi(self) -> str:
        """Path of the Pulumi command."""
        found = shutil.which("pulumi", path=self.workspace.variables["PATH"])
        if found is None:
            raise PulumiError("there is no pulumi command: run `make up`, which gets one")
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

    def _write_settings(self, document: dict[str, Any]) -> None:
        file = self.workspace.stack_file
        whole = file.with_name(f"{file.name}.new")
        whole.write_text(written(document), encoding="utf-8")
        # In one step: a thread that looks at the settings meanwhile sees the old ones or the new ones.
        whole.replace(file)
        self.workspace.prepare()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition; raise AssertionError with `what` when it does not come true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    raise AssertionError(f"after {seconds:.0f} s still not: {what}")
