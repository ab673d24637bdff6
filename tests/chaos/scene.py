"""What a drill acts on: the running stack, and the moments and observations of this one run."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from tests.support.live import JSON, RunningStack, wait_until
from tests.support.load import Request
from tools.gostack.lifecycle import lifecycle

REQUESTS_A_WRITE = 5
"""One request in so many is a write. With every second one, MySQL's three members alone take half of a machine with two
cores, and a drill says more about that machine than about the stack."""


OUTAGE_SECONDS = 300.0
"""Longer than every timeout in the stack; a shorter time is a smoke run and proves less."""


class DrillError(RuntimeError):
    """The drill could not be carried out; the text says what was missing."""


@dataclass
class Scene:
    """One run of a drill."""

    stack: RunningStack
    folder: Path
    """For files of this run; empty at its start."""

    identity: str
    """Begins the e-mail addresses that this run writes."""

    observations: dict[str, float] = field(default_factory=dict[str, float])
    """Figures beside the usual ones."""

    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    """What a drill's functions remember for each other."""

    fault_at: float = 0.0
    """When the fault began, in seconds on the wall clock."""

    user_id: int = 0
    """A user that is in every region's database, for reads."""

    outage_seconds: float = OUTAGE_SECONDS
    """For how many seconds something is away in drills about that."""

    def strike(self) -> None:
        """Say that the fault begins now; without it, it begins with `Drill.act`."""
        self.fault_at = time.time()

    def observe(self, name: str, value: float) -> None:
        """Keep a figure of this run."""
        self.observations[name] = value

    @property
    def regions(self) -> list[str]:
        """Names of the regions, sorted."""
        return sorted(self.stack.workspace.settings.regions)

    @property
    def primary(self) -> Container:
        """The MySQL member that takes writes; raises DrillError when not exactly one does."""
        members = [
            member
            for member in self.stack.containers("mysql")
            if self.stack.rows_in(member, "SELECT @@GLOBAL.super_read_only") == ["0"]
        ]
        if len(members) != 1:
            raise DrillError(f"{len(members)} members of MySQL take writes, not one")
        return members[0]

    @property
    def doomed_region(self) -> str:
        """The region that is lost when one is: the one without the primary."""
        if "doomed_region" not in self.notes:
            kept = self.primary.labels["gostack.region"]
            self.notes["doomed_region"] = next(region for region in self.regions if region != kept)
        return str(self.notes["doomed_region"])

    @property
    def consul_urls(self) -> dict[str, str]:
        """Where each region's Consul answers on this machine."""
        urls: dict[str, str] = self.stack.outputs["consul"]
        return urls

    def entry(self, region: str) -> str:
        """Where a client of a region finds the users."""
        # An address: a name with several of them would let the client choose.
        url = str(self.stack.outputs["regions"][region]).replace("localhost", "127.0.0.1")
        return f"{url}/api/v1/users"

    def up(self) -> float:
        """Run what `make up` runs and return how many seconds it took; raises DrillError when it fails."""
        started = time.monotonic()
        with self.logged("up.log"):
            code = lifecycle.up(self.stack.workspace)
        if code != 0:
            raise DrillError(f"`make up` failed: {_tail(self.folder / 'up.log')}")
        return time.monotonic() - started

    def seed(self) -> None:
        """Create the user that the load reads, and wait until every region has it."""
        first, *others = [self.entry(region) for region in self.regions]
        response = self.stack.request(
            "POST", first, {"name": "Drill", "email": f"{self.identity}-seed@drill.example.com"}
        )
        if response.status != 201:
            raise DrillError(f"the stack takes no writes before the drill: {response.status}")
        self.user_id = int(response.json()["data"]["id"])

        def everywhere() -> bool:
            return all(self.stack.request("GET", f"{url}/{self.user_id}").status == 200 for url in [first, *others])

        wait_until(everywhere, 30, "every region reads the row of the first one")

    def request(self, entries: list[str], kind: str, number: int) -> Request:
        """One of a mix of reads and writes, spread over the entries; `kind` keeps several loads apart."""
        entry = entries[number // REQUESTS_A_WRITE % len(entries)]
        if number % REQUESTS_A_WRITE:
            return Request("GET", f"{entry}/{self.user_id}")
        name = f"{self.identity}-{kind}-{number}"
        body = json.dumps({"name": "Drill", "email": f"{name}@drill.example.com"}).encode()
        return Request("POST", entry, body, {**JSON, "Idempotency-Key": name})

    def written_rows(self) -> list[str]:
        """E-mail addresses of every row of this run, on the primary."""
        pattern = f"{self.identity}-%@drill.example.com"
        return self.stack.rows_in(self.primary, f"SELECT email FROM users.users WHERE email LIKE '{pattern}'")

    @contextmanager
    def logged(self, name: str) -> Generator[None]:
        """Keep what commands print in a file of this run: the table is what a person wants to see."""
        with (self.folder / name).open("a", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
            yield


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8").rstrip().splitlines()
    return " / ".join(line.strip() for line in lines[-6:]) + f" (all of it: {log})"
