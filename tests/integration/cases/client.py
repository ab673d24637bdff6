"""A client of the probe, the Go program in tests/probe/client, while it runs."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from typing import IO, Any

from tests.support.live_stack import wait_until


class Client:
    """Runs from its creation; what it prints is read as it comes."""

    def __init__(self, command: Sequence[str]) -> None:
        self.events: list[dict[str, Any]] = []
        """Everything that it has told so far."""
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 as long as the client
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._words, start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def told(self, event: str) -> list[dict[str, Any]]:
        """The events with this name."""
        return [line for line in list(self.events) if line["event"] == event]

    def wait_for(self, event: str, count: int = 1, seconds: float = 30) -> None:
        """Wait until it has told an event that often; raise AssertionError when it does not, or has ended."""

        def seen() -> bool:
            if len(self.told(event)) >= count:
                return True
            assert self._process.poll() is None or self._reader.is_alive(), self._ended_without(event)
            return False

        wait_until(seen, seconds, f"{event} ({count} times); so far {self.events[-3:]}")

    def result(self, seconds: float = 60) -> dict[str, Any]:
        """The sums, once it has ended by itself."""
        self._process.wait(seconds)
        self._reader.join()
        assert self.events, self._ended_without("end")
        assert self.events[-1]["event"] == "end", self._ended_without("end")
        return self.events[-1]

    def stop(self, seconds: float = 60) -> dict[str, Any]:
        """End it, and return the sums."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self.result(seconds)

    def kill(self) -> None:
        """End it by force when it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.events.append(json.loads(line))

    def _ended_without(self, event: str) -> str:
        self._words.seek(0)
        words = self._words.read().decode(errors="replace").strip()
        return f"the client ended without telling {event}: {words or self.events[-3:]}"
