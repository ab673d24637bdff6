"""A running stack as the integration tests use it: by its outputs and its labels, never by container names."""

from __future__ import annotations

import json
import os
import signal
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.live import JSON, RunningStack, wait_until
from tests.support.load import Load, Request
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.report import write_authority
from tools.gostack.lifecycle.workspace import Workspace

__all__ = ["FIGURES", "RATE", "LiveStack", "tell", "wait_until"]

RATE = 25
"""Requests a second of `LiveStack.mixed_load`; a slow machine serves as many beside an `up`."""

PATIENCE_SECONDS = 60
"""Longer than the ingress of the settings waits: only what it answers counts, not how slow the machine is."""

FIGURES: list[str] = []
"""What was measured; shown at the end of the run, whether tests passed or not."""


def tell(figure: str) -> None:
    """Keep a figure for the end of the run."""
    FIGURES.append(figure)


@dataclass(frozen=True)
class LiveStack(RunningStack):
    """The stack of the integration tests."""

    @classmethod
    def of(cls, project: Path, settings: Path, stack: str = "integration") -> Self:
        workspace = Workspace(project, stack, settings)
        return cls(workspace, StackObjects.of(stack, workspace.variables))

    def mixed_request(self, number: int) -> Request:
        """One of a mix of writes, each with an idempotency key, and reads."""
        if number % 2:
            return Request("GET", f"{self.users_url}?page=1&page_size=5")
        user = {"name": "Load", "email": f"{uuid.uuid4()}@example.com"}
        headers = {**JSON, "Idempotency-Key": str(uuid.uuid4())}
        return Request("POST", self.users_url, json.dumps(user).encode(), headers)

    def mixed_load(self) -> Load:
        """A steady load of these requests."""
        return Load(self.authority, RATE, self.mixed_request, timeout=PATIENCE_SECONDS)

    def kill_process(self, pid: int) -> None:
        """End a process of this machine by force, behind the engine's back."""
        os.kill(pid, signal.SIGKILL)

    def trust_again(self) -> None:
        """Take over the authority of a stack that was brought up anew."""
        write_authority(self.workspace, self.outputs)
