"""Starts components in the background, and finds and ends only what was started here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.gostack.environment.errors import BootstrapError
from tools.offline.cluster.components import Component
from tools.offline.cluster.layout import Folders

_STOP_SECONDS = 15.0
_LOG_LINES = 12


@dataclass(frozen=True)
class Process:
    """The record of a process that was started here."""

    name: str
    number: int
    """The process id."""
    born: int
    """When it was started, in ticks since the machine was: a process id alone may be another program's by now."""
    fingerprint: str
    """That of the component when it was started."""

    def alive(self) -> bool:
        """Whether the very same process still runs."""
        return _born(self.number) == self.born


class Processes:
    """The processes of the cluster, one record each in the run folder."""

    def __init__(self, folders: Folders) -> None:
        self._records = folders.run / "processes"
        self._logs = folders.logs

    def known(self) -> list[Process]:
        """Every record, whether the process lives or not."""
        found: list[Process] = []
        for path in sorted(self._records.glob("*.json")):
            with suppress(ValueError, TypeError, OSError):
                found.append(Process(**json.loads(path.read_text())))
        return found

    def find(self, name: str) -> Process | None:
        """The live process of a component."""
        return next((process for process in self.known() if process.name == name and process.alive()), None)

    def ensure(self, component: Component) -> bool:
        """Start a component unless it runs as it should; return whether it was started."""
        running, wanted = self.find(component.name), component.fingerprint()
        if running is not None and running.fingerprint == wanted:
            return False
        if running is not None:
            self.stop([running])
        self._logs.mkdir(parents=True, exist_ok=True)
        self._records.mkdir(parents=True, exist_ok=True)
        log = self.log(component.name)
        # The log of the run before is kept: it says why a component ended.
        with suppress(FileNotFoundError):
            log.rename(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            try:
                child = subprocess.Popen(
                    component.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env={**_environment(), **component.environment},
                    start_new_session=True,
                )
            except OSError as error:
                raise BootstrapError(f"Cannot start {component.command[0]}: {error.strerror or error}.") from error
        record = Process(component.name, child.pid, _born(child.pid) or 0, wanted)
        unfinished = self._records / f".{component.name}"
        unfinished.write_text(json.dumps(record.__dict__))
        unfinished.rename(self._records / f"{component.name}.json")
        return True

    def stop(
        self,
        processes: list[Process],
        number: signal.Signals = signal.SIGTERM,
        seconds: float = _STOP_SECONDS,
    ) -> None:
        """End processes, all at once: first with `number`, by force after `seconds`; forget their records."""
        for sent in (number, signal.SIGKILL):
            for process in processes:
                if process.alive():
                    with suppress(ProcessLookupError):
                        os.kill(process.number, sent)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and any(process.alive() for process in processes):
                time.sleep(0.05)
                reap()
        for process in processes:
            (self._records / f"{process.name}.json").unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """The log of a component."""
        return self._logs / f"{name}.log"

    def check(self, name: str) -> None:
        """Raise `BootstrapError` with the end of its log when a component that was started has ended."""
        if self.find(name) is None:
            lines = self.log(name).read_text(errors="replace").rstrip().splitlines()[-_LOG_LINES:]
            shown = "".join(f"\n    {line[:300]}" for line in lines)
            raise BootstrapError(f"{name} has ended.{shown}\n  The whole log: {self.log(name)}")


def reap() -> None:
    """Take note of children that have ended, so that they do not look alive."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _born(number: int) -> int | None:
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def _environment() -> dict[str, str]:
    # What the user's shell says of proxies, tracing or another cluster must not change a component.
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
